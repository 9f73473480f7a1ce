#pragma once

// Statements and transactions on the pool, each with one deadline for everything: waiting for a connection, connecting,
// running, and running again.

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/result.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_pool.h"

namespace c4a {

// An open transaction, for the body that fills it.
class PostgresTransaction {
 public:
  PostgresTransaction(PostgresConnection& connection, PostgresDeadline deadline)
      : connection_(connection), deadline_(deadline) {}
  Result<PostgresRows> run(const PostgresStatement& statement, std::initializer_list<PostgresValue> values = {}) {
    return connection_.execute(statement, values, deadline_);
  }

 private:
  PostgresConnection& connection_;
  PostgresDeadline deadline_;
};

class PostgresDatabase {
 public:
  // Connects once, and compares the schema. Fails with: kUnavailable, kValidationFailed (the options), kConflict (a
  // schema that is newer than the program).
  static Result<std::unique_ptr<PostgresDatabase>> open(const PostgresMetadataStoreOptions& options);

  // A statement that changes nothing: repeated when its connection breaks.
  Result<PostgresRows> read(const PostgresStatement& statement, std::initializer_list<PostgresValue> values = {});
  // A statement that is a transaction by itself: repeated only where it is sure to have done nothing.
  Result<PostgresRows> write(const PostgresStatement& statement, std::initializer_list<PostgresValue> values = {});

  // Runs `body` (PostgresTransaction& → Result<T>) in a SERIALIZABLE transaction, perhaps more than once; its error
  // undoes what it did. A connection that breaks during the commit is kUnavailable: the change may be stored or not.
  template <class Body>
  auto transaction(const Body& body) {
    using Answer = std::invoke_result_t<const Body&, PostgresTransaction&>;
    std::optional<Answer> answer;
    const Result<> done = run([&](PostgresTransaction& transaction) -> Result<> {
      answer.emplace(body(transaction));
      if (!*answer) return fail(answer->error());
      return {};
    });
    if (!done) return Answer(std::unexpected(done.error()));
    return std::move(*answer);
  }

  Result<> migrate();

 private:
  struct Attempt {
    Result<> result;
    PostgresTrouble trouble = PostgresTrouble::kNone;
    bool harmless = true;  // nothing can be stored
  };

  PostgresDatabase(PostgresTarget target, const PostgresMetadataStoreOptions& options);
  PostgresDeadline deadline() const;
  Result<PostgresRows> single(const PostgresStatement& statement, std::initializer_list<PostgresValue> values,
                              bool harmless);
  Result<> run(const std::function<Result<>(PostgresTransaction&)>& body);
  static Attempt attempt(PostgresConnection& connection, PostgresDeadline deadline,
                         const std::function<Result<>(PostgresTransaction&)>& body);

  const PostgresMetadataStoreOptions options_;
  PostgresPool pool_;
};

}  // namespace c4a

#pragma once

// Where LocalFileStore keeps what, and how its directory is made ready. Names are made of file ids alone.

#include <functional>
#include <string>

#include "base/result.h"
#include "file_store/disk.h"
#include "file_store/file_store.h"

namespace c4a::disk {

class LocalLayout {
 public:
  explicit LocalLayout(std::string root)
      : root_(std::move(root)), uploads_(root_ + "/uploads"), files_(root_ + "/files") {}

  const std::string& root() const { return root_; }
  std::string upload_directory(const FileId& id) const;
  std::string file_directory(const FileId& id) const;
  std::string record(const FileId& id) const;  // how far an upload is
  std::string part(const FileId& id) const;    // its bytes
  std::string file(const FileId& id) const;    // a complete file

  // Makes what every store has, and clears what a crash left half done.
  // Fails with: kUnavailable, kCorrupt when the directory is of a newer version.
  Result<> prepare(const Disk& disk) const;

  // Makes the directory of one file, durably.
  Result<> make_upload_directory(const Disk& disk, const FileId& id) const;
  Result<> make_file_directory(const Disk& disk, const FileId& id) const;

  // Calls `visit` with the id of every upload until it answers false.
  Result<> each_upload(const std::function<Result<bool>(const FileId&)>& visit) const;

 private:
  Result<> check_format(const Disk& disk) const;
  Result<> each_name(const std::function<Result<bool>(const std::string&)>& visit) const;
  Result<> clear_leftover(const Disk& disk, const std::string& name) const;

  std::string root_;
  std::string uploads_;
  std::string files_;
};

}  // namespace c4a::disk

#include "file_store/local_layout.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "file_store/upload_record.h"

namespace c4a::disk {
namespace {

constexpr std::string_view kFormat = "chat4all file_store 1\n";
constexpr std::string_view kRecordSuffix = ".state";
constexpr std::string_view kPartSuffix = ".part";
constexpr std::size_t kIdLength = 36;

// The last two digits: the first ones of a UUIDv7 are its time, the same for years.
std::string fan_out(const FileId& id) { return id.str().substr(kIdLength - 2); }

// The id in front of a suffix.
std::optional<FileId> id_in(const std::string& name, std::string_view suffix) {
  if (name.size() != kIdLength + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  return FileId::parse(std::string_view(name).substr(0, kIdLength));
}

}  // namespace

std::string LocalLayout::upload_directory(const FileId& id) const { return uploads_ + "/" + fan_out(id); }
std::string LocalLayout::file_directory(const FileId& id) const { return files_ + "/" + fan_out(id); }
std::string LocalLayout::record(const FileId& id) const {
  return fmt::format("{}/{}{}", upload_directory(id), id.str(), kRecordSuffix);
}
std::string LocalLayout::part(const FileId& id) const {
  return fmt::format("{}/{}{}", upload_directory(id), id.str(), kPartSuffix);
}
std::string LocalLayout::file(const FileId& id) const { return fmt::format("{}/{}", file_directory(id), id.str()); }

Result<> LocalLayout::make_upload_directory(const Disk& disk, const FileId& id) const {
  return disk.make_directory(uploads_, fan_out(id));
}
Result<> LocalLayout::make_file_directory(const Disk& disk, const FileId& id) const {
  return disk.make_directory(files_, fan_out(id));
}

Result<> LocalLayout::prepare(const Disk& disk) const {
  std::error_code failed;
  std::filesystem::create_directories(root_, failed);
  if (failed) {
    return fail(ErrorCode::kUnavailable, fmt::format("The directory {} cannot be made: {}.", root_, failed.message()));
  }
  C4A_CHECK(check_format(disk));
  C4A_CHECK(disk.make_directory(root_, "uploads"));
  C4A_CHECK(disk.make_directory(root_, "files"));
  return each_name([&](const std::string& name) -> Result<bool> {
    C4A_CHECK(clear_leftover(disk, name));
    return true;
  });
}

Result<> LocalLayout::check_format(const Disk& disk) const {
  const std::string path = root_ + "/format";
  C4A_TRY(const auto found, open_file(path, Access::kRead));
  if (found) {
    std::string text(kFormat.size() + 1, '\0');
    C4A_TRY(const std::size_t size, read_at(*found, 0, text));
    if (std::string_view(text).substr(0, size) == kFormat) return {};
    return fail(ErrorCode::kCorrupt, fmt::format("{} was made by a newer version of Chat4All; start that one.", root_));
  }
  {
    C4A_TRY(const File fresh, disk.create(path + ".new"));
    C4A_CHECK(disk.write_at(fresh, 0, kFormat));
    C4A_CHECK(disk.sync_data(fresh));
  }
  return disk.rename(path + ".new", path);
}

Result<> LocalLayout::each_name(const std::function<Result<bool>(const std::string&)>& visit) const {
  std::error_code failed;
  std::filesystem::recursive_directory_iterator entry(uploads_, failed);
  for (; !failed && entry != std::filesystem::recursive_directory_iterator(); entry.increment(failed)) {
    if (entry.depth() == 0) continue;
    C4A_TRY(const bool go_on, visit(entry->path().filename().string()));
    if (!go_on) return {};
  }
  if (!failed) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("The directory {} cannot be read: {}.", uploads_, failed.message()));
}

Result<> LocalLayout::each_upload(const std::function<Result<bool>(const FileId&)>& visit) const {
  return each_name([&](const std::string& name) -> Result<bool> {
    const auto id = id_in(name, kRecordSuffix);
    return id ? visit(*id) : Result<bool>(true);
  });
}

Result<> LocalLayout::clear_leftover(const Disk& disk, const std::string& name) const {
  if (const auto id = id_in(name, std::string(kRecordSuffix) + ".new")) {  // `begin` did not return
    C4A_CHECK(disk.remove(record(*id) + ".new"));
  } else if (const auto part_id = id_in(name, kPartSuffix)) {  // nothing counts its bytes any more
    C4A_TRY(const auto counted, UploadRecord::open(record(*part_id), *part_id, Access::kRead));
    if (!counted || counted->info().state != FileState::kUploading) C4A_CHECK(disk.remove(part(*part_id)));
  } else if (const auto record_id = id_in(name, kRecordSuffix)) {  // `complete` has renamed, and not tidied up
    C4A_TRY(const bool complete, exists(file(*record_id)));
    if (complete) C4A_CHECK(disk.remove(record(*record_id)));
  }
  return {};
}

}  // namespace c4a::disk

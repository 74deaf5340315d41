// A disk that SQLite writes to, of which a test decides what is left when the
// power goes: what was synced, and any part of what was not.
//
//   Disk disk;                          // is SQLite's default from here on
//   disk.before_call = [&](std::int64_t call) {
//     if (call == 17) images.push_back(disk.AfterPowerLoss(seed));
//   };

#ifndef FAIRPULL_TESTS_FAULTS_DISK_H_
#define FAIRPULL_TESTS_FAULTS_DISK_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fairpull {

// Files by the last part of their name.
using DiskImage = std::map<std::string, std::string>;

// Writes the files of an image into a folder.
void WriteImage(const DiskImage& image, const std::string& folder);

// Registers itself as SQLite's default file system, over the one before, and
// takes itself out again. Only one at a time; every connection must be closed
// before it goes. Not safe for use by several threads at once.
class Disk {
 public:
  Disk();
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // What is on the disk if the power goes now: of each file what was synced,
  // and of what was written since any sectors, chosen by `seed`: none, all or
  // some, the last one torn. A file that was never synced may be missing.
  [[nodiscard]] DiskImage AfterPowerLoss(std::uint64_t seed) const;

  // Called before each write, sync, truncation and deletion, with its number.
  std::function<void(std::int64_t call)> before_call;
  // The call with this number fails.
  std::optional<std::int64_t> fail_at;
  // Says that it synced and does not: a disk that lies.
  bool lies = false;

  [[nodiscard]] std::int64_t calls() const { return calls_; }

  // What the callbacks of SQLite do; for disk.cc.
  struct Change {
    std::optional<std::int64_t> truncate_to;
    std::int64_t offset = 0;
    std::string bytes;
  };
  struct File {
    bool exists = false;  // on the disk, durably
    std::string durable;
    std::vector<Change> pending;
    bool removed = false;  // not durably yet
  };
  // Counts a call; false if it is to fail.
  [[nodiscard]] bool Call();
  File& file(const std::string& path);
  void Sync(File& file);
  sqlite3_vfs* real() const { return real_; }

 private:
  std::map<std::string, File> files_;
  std::int64_t calls_ = 0;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_FAULTS_DISK_H_

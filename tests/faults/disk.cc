#include "faults/disk.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>

namespace fairpull {
namespace {

constexpr std::size_t kSector = 512;

// What SQLite sees as an open file; the real one follows it in memory.
struct OpenFile {
  sqlite3_file base;
  Disk* disk;
  Disk::File* file;  // null for temporary files, which nobody misses

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

OpenFile* Of(sqlite3_file* file) { return reinterpret_cast<OpenFile*>(file); }

int Close(sqlite3_file* f) {
  sqlite3_file* real = Of(f)->real();
  return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
}
int Read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return Of(f)->real()->pMethods->xRead(Of(f)->real(), to, n, at);
}
int Write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  OpenFile* open = Of(f);
  if (open->file != nullptr) {
    if (!open->disk->Call()) return SQLITE_IOERR_WRITE;
    open->file->pending.push_back(
        {.offset = at,
         .bytes = std::string(static_cast<const char*>(from),
                              static_cast<std::size_t>(n))});
  }
  return open->real()->pMethods->xWrite(open->real(), from, n, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  OpenFile* open = Of(f);
  if (open->file != nullptr) {
    if (!open->disk->Call()) return SQLITE_IOERR_TRUNCATE;
    open->file->pending.push_back({.truncate_to = size});
  }
  return open->real()->pMethods->xTruncate(open->real(), size);
}
int Sync(sqlite3_file* f, int flags) {
  OpenFile* open = Of(f);
  if (open->file == nullptr) return SQLITE_OK;
  if (!open->disk->Call()) return SQLITE_IOERR_FSYNC;
  open->disk->Sync(*open->file);
  (void)flags;  // the real one need not sync: this is the disk
  return SQLITE_OK;
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Of(f)->real()->pMethods->xFileSize(Of(f)->real(), size);
}
int Lock(sqlite3_file* f, int level) {
  return Of(f)->real()->pMethods->xLock(Of(f)->real(), level);
}
int Unlock(sqlite3_file* f, int level) {
  return Of(f)->real()->pMethods->xUnlock(Of(f)->real(), level);
}
int CheckReservedLock(sqlite3_file* f, int* out) {
  return Of(f)->real()->pMethods->xCheckReservedLock(Of(f)->real(), out);
}
int FileControl(sqlite3_file* f, int op, void* argument) {
  return Of(f)->real()->pMethods->xFileControl(Of(f)->real(), op, argument);
}
int SectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
// Nothing is promised: no atomic writes, no order, no safe append.
int Characteristics(sqlite3_file*) { return 0; }
int ShmMap(sqlite3_file* f, int page, int size, int extend,
           void volatile** to) {
  return Of(f)->real()->pMethods->xShmMap(Of(f)->real(), page, size, extend,
                                          to);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Of(f)->real()->pMethods->xShmLock(Of(f)->real(), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) {
  Of(f)->real()->pMethods->xShmBarrier(Of(f)->real());
}
int ShmUnmap(sqlite3_file* f, int remove) {
  return Of(f)->real()->pMethods->xShmUnmap(Of(f)->real(), remove);
}

// Version 2: with a shared index for the log, without mapped reads.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         Characteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

Disk* DiskOf(sqlite3_vfs* vfs) { return static_cast<Disk*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags,
         int* out_flags) {
  Disk* disk = DiskOf(vfs);
  auto* open = new (f) OpenFile{};
  open->disk = disk;
  open->real()->pMethods = nullptr;
  const int result =
      disk->real()->xOpen(disk->real(), name, open->real(), flags, out_flags);
  // Closed by SQLite only if it has methods.
  if (open->real()->pMethods != nullptr) open->base.pMethods = &kMethods;
  const int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL |
                   SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  if (result == SQLITE_OK && name != nullptr && (flags & kept) != 0) {
    open->file = &disk->file(name);
    open->file->removed = false;
  }
  return result;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  Disk* disk = DiskOf(vfs);
  if (!disk->Call()) return SQLITE_IOERR_DELETE;
  Disk::File& file = disk->file(name);
  if (sync_folder != 0 && !disk->lies) {
    file = {};
  } else {
    file.removed = true;
  }
  return disk->real()->xDelete(disk->real(), name, 0);
}

std::string Applied(std::string content, const Disk::Change& change,
                    const std::function<bool()>& keeps) {
  if (change.truncate_to.has_value()) {
    if (keeps()) content.resize(static_cast<std::size_t>(*change.truncate_to));
    return content;
  }
  for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
    if (!keeps()) continue;
    const std::size_t size = std::min(kSector, change.bytes.size() - at);
    const std::size_t place = static_cast<std::size_t>(change.offset) + at;
    if (content.size() < place + size) content.resize(place + size);
    content.replace(place, size, change.bytes, at, size);
  }
  return content;
}

}  // namespace

void WriteImage(const DiskImage& image, const std::string& folder) {
  for (const auto& [name, content] : image) {
    std::ofstream out(folder + "/" + name, std::ios::binary);
    out << content;
  }
}

Disk::Disk() : real_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *real_;
  vfs_.zName = "fairpull_disk";
  vfs_.pAppData = this;
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(OpenFile)) + real_->szOsFile;
  vfs_.xOpen = Open;
  vfs_.xDelete = Delete;
  sqlite3_vfs_register(&vfs_, 1);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

bool Disk::Call() {
  calls_ += 1;
  if (before_call) before_call(calls_);
  return fail_at != calls_;
}

Disk::File& Disk::file(const std::string& path) {
  return files_[path.substr(path.rfind('/') + 1)];
}

void Disk::Sync(File& file) {
  if (lies) return;
  for (const Change& change : file.pending) {
    file.durable =
        Applied(std::move(file.durable), change, [] { return true; });
  }
  file.pending.clear();
  file.exists = true;
}

DiskImage Disk::AfterPowerLoss(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  // Nothing of what was not synced, all of it, or any part.
  const std::uint64_t kept_of_four = random() % 5;
  const auto keeps = [&] { return random() % 4 < kept_of_four; };
  DiskImage image;
  for (const auto& [name, file] : files_) {
    if (!file.exists && (file.pending.empty() || !keeps())) continue;
    if (file.removed && keeps()) continue;
    std::string content = file.durable;
    for (const Change& change : file.pending) {
      content = Applied(std::move(content), change, keeps);
    }
    image[name] = std::move(content);
  }
  return image;
}

}  // namespace fairpull

#include "file_io.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "lstm_ref/error.hpp"

namespace lstm_ref {
namespace {

// The name given to the operating system ends at the first NUL; a longer one is a different file.
std::FILE* open_file(const std::string& path, const char* mode) {
  if (path.find('\0') != std::string::npos) {
    errno = EINVAL;
    return nullptr;
  }
  return std::fopen(path.c_str(), mode);
}

[[noreturn]] void cannot_read(int error) {
  throw Error("file", "cannot be read (" + std::string(std::strerror(error)) + ")", "a readable file");
}

[[noreturn]] void cannot_write(int error) {
  throw Error("file", "cannot be written (" + std::string(std::strerror(error)) + ")", "a writable file");
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(open_file(path, "rb"), &std::fclose);
  if (!file) cannot_read(errno);

  std::error_code unknown_size;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown_size);
  std::string bytes;
  try {
    bytes.resize(unknown_size ? 4096 : static_cast<std::size_t>(size) + 1);  // one more, to meet the end at the first read
    std::size_t used = 0;
    while (const std::size_t n = std::fread(&bytes[used], 1, bytes.size() - used, file.get())) {
      used += n;
      if (used == bytes.size()) bytes.resize(2 * used);
    }
    if (std::ferror(file.get())) cannot_read(errno);
    bytes.resize(used);
  } catch (const std::bad_alloc&) {
    cannot_read(ENOMEM);
  } catch (const std::length_error&) {
    cannot_read(ENOMEM);
  }
  return bytes;
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  for (int attempt = 0; !file_; ++attempt) {  // "x": never a file that somebody else is writing
    temporary_ = path + '.' + std::to_string(attempt) + ".tmp";
    file_ = open_file(temporary_, "wbx");
    if (!file_ && errno != EEXIST) cannot_write(errno);
  }
}

AtomicFile::~AtomicFile() {
  if (file_) std::fclose(file_);
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) cannot_write(errno);
}

void AtomicFile::commit() {
  if (std::fclose(std::exchange(file_, nullptr)) != 0) cannot_write(errno);
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) cannot_write(error.value());
  temporary_.clear();
}

}  // namespace lstm_ref

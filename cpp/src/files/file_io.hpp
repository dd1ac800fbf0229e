// Whole files in and out. Errors: "file: cannot be read (No such file or directory), want a readable file".
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace lstm_ref {

std::string read_file(const std::string& path);

// A file that appears under its name only when it is complete: written under a temporary name beside it, then renamed.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();  // without commit(): nothing is left
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace lstm_ref

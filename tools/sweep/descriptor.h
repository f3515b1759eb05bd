// A file descriptor that is closed with its owner.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "experiments/records/files.h"

namespace gradus::sweep {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

// Close-on-exec. Throws records::SystemError.
inline Descriptor opened(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file) throw records::SystemError(path, "cannot open", errno);
  return file;
}

struct Pipe {
  Descriptor read, write;
};

// Both ends close-on-exec; to talk with this program. Throws records::SystemError.
inline Pipe make_pipe(const std::filesystem::path& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw records::SystemError(program, "no pipe to it can be made", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace gradus::sweep

// What the system has opened, and what it refuses.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace gradus::records {

// The system refused something: "PATH: WHAT: REASON".
struct SystemError : std::runtime_error {
  SystemError(const std::filesystem::path& path, std::string_view what, int error);
  int code;  // errno's
};

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}  // -1 is none
  // Flags as of open(2); O_CLOEXEC is added, and O_NONBLOCK for what is only read. Throws SystemError.
  Descriptor(const std::filesystem::path& path, int flags, unsigned mode = 0);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_;
};

struct Pipe {
  Descriptor read, write;
};

// Both ends close-on-exec. The path is for the message: what the pipe is for. Throws SystemError.
Pipe make_pipe(const std::filesystem::path& purpose);

}  // namespace gradus::records

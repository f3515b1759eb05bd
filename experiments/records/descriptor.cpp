#include "experiments/records/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gradus::records {

namespace fs = std::filesystem;

SystemError::SystemError(const fs::path& path, std::string_view what, int error)
    : std::runtime_error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(error))), code(error) {}

Descriptor::Descriptor(const fs::path& path, int flags, unsigned mode)
    // Nothing that is opened to be read is waited for, such as the writer of a pipe; a regular file knows no
    // difference.
    : number_(::open(path.c_str(), flags | O_CLOEXEC | ((flags & O_ACCMODE) == O_RDONLY ? O_NONBLOCK : 0), mode)) {
  if (number_ < 0) throw SystemError(path, "cannot open", errno);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  close();
  number_ = std::exchange(other.number_, -1);
  return *this;
}

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Pipe make_pipe(const fs::path& purpose) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw SystemError(purpose, "no pipe can be made", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace gradus::records

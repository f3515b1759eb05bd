// A turn at a file that each of the sweeps in a folder reads and writes anew.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

class Turn {
 public:
  // Waits until nobody else has a turn at the file of this name in OUTPUT; `pause` is called meanwhile and may throw.
  // Where there are no locks, or another has been at it for a minute, nobody waits: what one writes the other may
  // overwrite. Throws records::SystemError.
  Turn(const std::filesystem::path& output, std::string_view name, const std::function<void()>& pause);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

 private:
  bool take();

  std::filesystem::path path_;
  records::Descriptor file_;
  bool is_mine_ = false;
};

}  // namespace gradus::sweep

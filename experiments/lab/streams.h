// The random streams of a run, by purpose.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "autodiff/tensor/random.h"

namespace gradus::lab {

// All streams are of the run's seed. Of a run that goes on from another one's step (a fork) they are those of that run,
// but for the purposes that are drawn anew: these are of its own seed and of the place of the fork.
class RunStreams {
 public:
  explicit RunStreams(std::uint64_t seed) : seed_(seed) {}
  // Of what text() gave. Throws std::invalid_argument for another text.
  explicit RunStreams(const std::string& text);

  void draw_anew(const std::string& purpose, std::uint64_t seed, const std::string& place);
  std::string text() const;  // "0,shuffle=3@1a2b3c4d5e6f@500"
  RandomStream stream(std::string_view purpose, std::uint64_t index) const;

 private:
  struct Anew {
    std::uint64_t seed;
    std::string place;
  };
  std::uint64_t seed_;
  std::map<std::string, Anew, std::less<>> anew_;
};

}  // namespace gradus::lab

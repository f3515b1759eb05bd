#include "experiments/lab/streams.h"

#include <fmt/format.h>

#include <stdexcept>

#include "settings/parse.h"
#include "settings/text.h"

namespace gradus::lab {
namespace {

std::uint64_t seed_in(std::string_view text, const std::string& whole) {
  const auto seed = settings::number_in<std::uint64_t>(text);
  if (!seed) throw std::invalid_argument(fmt::format("streams '{}': expected SEED,PURPOSE=SEED@PLACE,..", whole));
  return *seed;
}

}  // namespace

RunStreams::RunStreams(const std::string& text) : seed_(0) {
  const auto parts = settings::split(text, ',');
  seed_ = seed_in(parts[0], text);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('='), at = parts[i].find('@');
    if (equals == std::string_view::npos || at == std::string_view::npos || at < equals) seed_in("", text);
    draw_anew(std::string(parts[i].substr(0, equals)), seed_in(parts[i].substr(equals + 1, at - equals - 1), text),
              std::string(parts[i].substr(at + 1)));
  }
}

void RunStreams::draw_anew(const std::string& purpose, std::uint64_t seed, const std::string& place) {
  anew_.insert_or_assign(purpose, Anew{seed, place});
}

std::string RunStreams::text() const {
  std::string text = fmt::format("{}", seed_);
  for (const auto& [purpose, anew] : anew_) text += fmt::format(",{}={}@{}", purpose, anew.seed, anew.place);
  return text;
}

RandomStream RunStreams::stream(std::string_view purpose, std::uint64_t index) const {
  const auto found = anew_.find(purpose);
  if (found == anew_.end()) return RandomStream(seed_, purpose, index);
  return RandomStream(found->second.seed, fmt::format("{}@{}", purpose, found->second.place), index);
}

}  // namespace gradus::lab

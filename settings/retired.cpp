#include "settings/retired.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradus::settings {

Retired fixed_at(std::string name, double value) { return {std::move(name), fmt::format("is fixed at {:g}", value)}; }

Retired drawn_from_stream(std::string name) {
  return {std::move(name), "follows the run's --seed, in C++ the stream that the method is made with"};
}

void refuse_retired(const std::string& owner, const std::vector<Retired>& retired, const NamedValues& given) {
  for (const auto& [asked, value] : given)
    for (const Retired& r : retired)
      if (r.name == asked)
        throw std::invalid_argument(fmt::format("{}: {} is no longer an option: it {}", owner, asked, r.fate));
}

}  // namespace gradus::settings

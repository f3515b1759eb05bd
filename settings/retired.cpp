#include "settings/retired.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace gradus::settings {

std::string Retired::fate() const {
  return std::isnan(fixed) ? "follows the run's --seed, in C++ the stream that the method is made with"
                           : fmt::format("is fixed at {:g}", fixed);
}

void refuse_retired(const std::string& owner, const std::vector<Retired>& retired, const NamedValues& given) {
  for (const auto& [asked, value] : given)
    for (const Retired& r : retired)
      if (r.name == asked)
        throw std::invalid_argument(fmt::format("{}: {} is no longer an option: it {}", owner, asked, r.fate()));
}

}  // namespace gradus::settings

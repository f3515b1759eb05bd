#include "autodiff/tensor/error.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradus {

void bad_shapes(std::string_view operation, std::initializer_list<Shape> found, std::string_view expected) {
  std::string text;
  std::string_view form = expected;  // what is left of it: each shape takes the place of one in brackets
  for (const Shape& shape : found) {
    const std::size_t open = form.find('['), close = form.find(']');
    if (close == std::string_view::npos) {
      text += (text.empty() ? "" : ", ") + shape.to_string();
    } else {
      text += fmt::format("{}{}", form.substr(0, open), shape.to_string());
      form.remove_prefix(close + 1);
    }
  }
  throw std::invalid_argument(fmt::format("{}: {}, expected {}", operation, text, expected));
}

void require_equal_shapes(std::string_view operation, const Shape& a, const Shape& b) {
  if (a != b)
    throw std::invalid_argument(fmt::format("{}: shapes differ: {} and {}", operation, a.to_string(), b.to_string()));
}

}  // namespace gradus

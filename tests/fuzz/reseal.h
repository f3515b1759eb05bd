// The seal of sealed JSON (experiments/records/sealed.h), for texts that need not be JSON.
#pragma once

#include <string>

#include "experiments/records/files.h"

namespace gradus::fuzz {

// The text with the seal that it should have. One that does not end with a seal gets one.
inline std::string resealed(std::string text) {
  constexpr std::size_t digits = 64;
  const std::string opening = ",\n  \"seal\": \"", closing = "\"\n}\n";
  const std::size_t tail = opening.size() + digits + closing.size();
  const bool has_seal =
      text.size() > tail && text.ends_with(closing) && text.compare(text.size() - tail, opening.size(), opening) == 0;
  if (!has_seal) {
    while (!text.empty() && (text.back() == '}' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
    text += opening + std::string(digits, '0') + closing;
  }
  const std::size_t at = text.size() - closing.size() - digits;
  text.replace(at, digits, digits, '0');
  text.replace(at, digits, records::sha256(text));
  return text;
}

}  // namespace gradus::fuzz

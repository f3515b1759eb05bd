#include "experiments/lab/external_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::lab {
namespace {

constexpr std::uint64_t longest_text = 1 << 16, longest_state = std::uint64_t{1} << 40, piece = 1 << 20;

// What precedes every message, in either direction.
struct MessageHead {
  std::array<char, 8> kind;  // padded by blanks
  std::uint64_t size;        // bytes that follow
};
static_assert(sizeof(MessageHead) == 16);

std::string text_of(ExternalMessages::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool ExternalMessages::start(std::string_view header, Bytes theta) {
  tell("start", {std::as_bytes(std::span(header))});
  tell("theta", {theta});
  const std::string text = text_of(answer("ready", longest_text));
  try {
    return records::parse_json(text).at("saves").get<bool>();
  } catch (const std::invalid_argument&) {  // no JSON
  } catch (const nlohmann::json::exception&) {
  }
  fail(fmt::format("answered 'ready' with '{}', expected {{\"saves\": true}} or {{\"saves\": false}}",
                   records::printable(text, 60)));
}

void ExternalMessages::step(double loss, Bytes theta, Bytes gradient, std::span<std::byte> next) {
  tell("step", {std::as_bytes(std::span(&loss, 1)), theta, gradient});
  const std::uint64_t size = answer_head("theta");
  if (size != next.size()) fail(fmt::format("answered {} bytes of theta, expected {}", size, next.size()));
  receive(next);
}

std::vector<std::byte> ExternalMessages::save() {
  tell("save", {});
  return answer("state", longest_state);
}

void ExternalMessages::load(Bytes state) {
  tell("load", {state});
  answer("ready", longest_text);
}

void ExternalMessages::fail(const std::string& what) {
  has_failed_ = true;  // which says all that is to be said of it
  throw std::runtime_error(name_ + " " + what);
}

void ExternalMessages::tell(std::string_view kind, std::initializer_list<Bytes> parts) {
  MessageHead head{{}, 0};
  head.kind.fill(' ');
  std::copy(kind.begin(), kind.end(), head.kind.begin());
  for (const Bytes part : parts) head.size += part.size();
  try {
    carrier_.send(std::as_bytes(std::span(&head, 1)));
    for (const Bytes part : parts) carrier_.send(part);
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
}

void ExternalMessages::receive(std::span<std::byte> bytes) {
  try {
    carrier_.receive(bytes);
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
}

std::uint64_t ExternalMessages::answer_head(std::string_view expected) {
  MessageHead head;
  receive(std::as_writable_bytes(std::span(&head, 1)));
  std::string kind(head.kind.begin(), head.kind.end());
  kind.erase(kind.find_last_not_of(' ') + 1);
  if (kind == "error") {
    std::string text(std::min(head.size, longest_text), ' ');
    receive(std::as_writable_bytes(std::span(text)));
    fail("says: " + records::printable(text, 400));
  }
  if (kind != expected)
    fail(fmt::format("answered '{}', expected '{}' or 'error'", records::printable(kind), expected));
  return head.size;
}

std::vector<std::byte> ExternalMessages::answer(std::string_view expected, std::uint64_t most) {
  const std::uint64_t size = answer_head(expected);
  if (size > most) fail(fmt::format("answered {} bytes of '{}', expected at most {}", size, expected, most));
  std::vector<std::byte> bytes;
  while (bytes.size() < size) {
    const std::size_t had = bytes.size();
    bytes.resize(had + std::min<std::uint64_t>(piece, size - had));
    receive(std::span(bytes).subspan(had));
  }
  return bytes;
}

}  // namespace gradus::lab

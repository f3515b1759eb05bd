// What an optimizer from outside answers, as one stream of bytes.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "experiments/lab/external_messages.h"
#include "tests/fuzz/target.h"

using namespace gradus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::byte> left = std::as_bytes(std::span(data, size));
  const auto receive = [&](std::span<std::byte> into) {
    if (left.size() < into.size()) throw std::runtime_error("ended, or closed its answers");
    std::copy_n(left.begin(), into.size(), into.begin());
    left = left.subspan(into.size());
  };
  lab::ExternalMessages messages("the optimizer 'p'", {[](lab::ExternalMessages::Bytes) {}, receive});
  const std::array<float, 2> theta{1, 2}, gradient{3, 4};
  std::array<float, 2> next{};
  const auto bytes = [](const auto& numbers) { return std::as_bytes(std::span(numbers)); };
  const bool accepted = fuzz::accepts<std::runtime_error>(messages.name(), [&] {
    const bool saves = messages.start("{}", bytes(theta));
    messages.step(0.5, bytes(theta), bytes(gradient), std::as_writable_bytes(std::span(next)));
    if (!saves) return;
    const std::vector<std::byte> state = messages.save();
    fuzz::require(state.size() <= size, "a state is of bytes that have come");
    messages.load(state);
  });
  fuzz::require(accepted != messages.has_failed(), "what is refused has failed");
  return 0;
}

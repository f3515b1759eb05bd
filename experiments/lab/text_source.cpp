#include "experiments/lab/text_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "experiments/records/files.h"

namespace gradus::lab {
namespace {

class Text final : public Examples {
 public:
  Text(const std::filesystem::path& path, std::int64_t length) : length_(length) {
    const std::string text = records::read_file(path);
    size_ = (std::ssize(text) - 1) / length;
    if (size_ < 10)
      throw std::runtime_error(fmt::format("{}: {} bytes, expected at least 10 pieces of {} and one more",
                                           path.string(), text.size(), length));
    std::array<bool, 256> is_there{};
    for (const char c : text) is_there[static_cast<unsigned char>(c)] = true;
    std::array<std::int32_t, 256> number{};
    for (std::size_t byte = 0; byte < is_there.size(); ++byte)
      if (is_there[byte]) number[byte] = vocabulary_++;
    for (const char c : text) tokens_.push_back(number[static_cast<unsigned char>(c)]);
  }
  std::int64_t size() const override { return size_; }
  Layout inputs() const override { return {.shape = {length_}, .is_whole = true, .classes = vocabulary_}; }
  Layout targets() const override { return inputs(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    std::int32_t *input = into.inputs.data<std::int32_t>(), *target = into.targets.data<std::int32_t>();
    for (const std::int64_t row : rows) {
      const auto from = tokens_.begin() + row * length_;
      input = std::copy_n(from, length_, input);
      target = std::copy_n(from + 1, length_, target);
    }
  }

 private:
  std::int64_t length_, size_ = 0;
  std::int32_t vocabulary_ = 0;
  std::vector<std::int32_t> tokens_;
};

}  // namespace

Dataset text_dataset(const std::filesystem::path& path, std::int64_t length) {
  if (length < 1) throw std::invalid_argument(fmt::format("text: pieces of {} bytes, expected at least 1", length));
  const Source all = Source::made_by([path, length] { return std::make_shared<Text>(path, length); });
  const auto between = [all](int from, int to) {
    return Source::made_by([all, from, to] {
      const std::int64_t first = all.size() * from / 10, last = all.size() * to / 10;
      return all.part(first, last - first);
    });
  };
  return {.train = between(0, 8), .validation = between(8, 9), .test = between(9, 10)};
}

}  // namespace gradus::lab

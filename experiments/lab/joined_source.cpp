#include "experiments/lab/joined_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace gradus::lab {
namespace {

class Joined final : public Examples {
 public:
  explicit Joined(std::vector<Source> parts) : parts_(std::move(parts)) {
    if (parts_.empty()) throw std::invalid_argument("joined: no sources");
    for (const Source& part : parts_) {
      if (part.is_endless()) throw std::invalid_argument("joined: examples without end, expected some that end");
      check(part.inputs(), inputs(), "inputs");
      check(part.targets(), targets(), "targets");
      size_ += part.size();
      ends_.push_back(size_);
    }
  }
  std::int64_t size() const override { return size_; }
  Layout inputs() const override { return parts_.front().inputs(); }
  Layout targets() const override { return parts_.front().targets(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto end = std::upper_bound(ends_.begin(), ends_.end(), rows[i]);
      const auto part = static_cast<std::size_t>(end - ends_.begin());
      const std::int64_t row = rows[i] - (part == 0 ? 0 : ends_[part - 1]);
      parts_[part].read(std::span(&row, 1), {place(into.inputs, i), place(into.targets, i)});
    }
  }

 private:
  static void check(const Layout& layout, const Layout& expected, const char* what) {
    if (layout.shape != expected.shape || layout.is_whole != expected.is_whole || layout.classes != expected.classes)
      throw std::invalid_argument(fmt::format("joined: {} {} of {} classes, expected {} of {} as in the first", what,
                                              layout.shape.to_string(), layout.classes, expected.shape.to_string(),
                                              expected.classes));
  }
  // Where row i of a batch goes: [1] or [1, numbers].
  static Tensor place(const Tensor& batch, std::size_t i) {
    const std::int64_t numbers = batch.size() / batch.shape()[0];
    const Shape one = batch.shape().rank() == 1 ? Shape{1} : Shape{1, numbers};
    return batch.part(static_cast<std::int64_t>(i) * numbers, one);
  }

  std::vector<Source> parts_;
  std::vector<std::int64_t> ends_;
  std::int64_t size_ = 0;
};

}  // namespace

Source joined(std::vector<Source> parts) {
  return Source::made_by([parts = std::move(parts)] { return std::make_shared<Joined>(parts); });
}

Source repeated(const Source& source, std::int64_t count) {
  return Source::made_by([source, count] {
    if (count > 0 && source.size() == 0) throw std::invalid_argument("repeated: no examples");
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < count; ++i) rows.push_back(i % source.size());
    return source.selected(std::move(rows));
  });
}

}  // namespace gradus::lab

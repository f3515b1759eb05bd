#include "experiments/lab/remembered_source.h"

#include <atomic>
#include <memory>

namespace gradus::lab {
namespace {

class Remembered final : public Examples {
 public:
  explicit Remembered(const Source& source)
      : computed_(source), all_(Source::made_by([source] {
          const Batch all = source.rows(0, source.size(), DType::float64);
          return source_of(all.inputs, all.targets, source.inputs().classes, source.targets().classes);
        })) {}
  std::int64_t size() const override { return computed_.size(); }
  Layout inputs() const override { return computed_.inputs(); }
  Layout targets() const override { return computed_.targets(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    constexpr int few = 8;
    const bool is_alone = rows.size() == 1 && alone_ < few && alone_++ < few;
    (is_alone ? computed_ : all_).read(rows, into);
  }

 private:
  Source computed_, all_;
  mutable std::atomic<int> alone_ = 0;
};

}  // namespace

Source remembered(const Source& source) { return Source(std::make_shared<Remembered>(source)); }

}  // namespace gradus::lab

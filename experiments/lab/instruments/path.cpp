#include "experiments/lab/instruments/path.h"

#include <limits>
#include <utility>

#include "autodiff/tensor/vectors.h"

namespace gradus::lab {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

class PathInstrument final : public Instrument {
 public:
  explicit PathInstrument(const PathOptions& options) : Instrument("path", options.every), window_(options.window) {}

  void visit(optim::StateVisitor& visitor) override {
    visitor.tensor("first", first_);
    visitor.tensor("last", last_);
    visitor.tensor("mark", mark_);
    visitor.tensor("leg", leg_);
    visitor.counter("legs", legs_);
    visitor.number("length", length_);
    visitor.number("length_at_mark", length_at_mark_);
    visitor.number("leg_length", leg_length_);
  }

 protected:
  std::vector<records::Column> columns(const Watched&) override {
    return {{.name = "length", .long_name = "length of the path so far", .better = records::Better::lower},
            {.name = "distance", .long_name = "distance from the first point of the path"},
            {.name = "undone",
             .long_name = "share of the path's last window that is undone",
             .better = records::Better::lower},
            {.name = "cosine", .long_name = "cosine of the angle between successive legs of the path"}};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    if (!first_.defined()) {
      first_ = at.before.clone();
      last_ = at.before.clone();
      mark_ = at.before.clone();
      leg_ = Tensor::zeros(at.before.shape(), at.before.dtype());
      row = {0, 0, none, none};
      return;
    }
    const double cosine = add_leg(at.before);
    const double undone = legs_ % window_ == 0 ? share_undone() : none;
    row = {length_, distance_from(first_), undone, cosine};
  }

 private:
  // The cosine between this leg and the one before.
  double add_leg(const Tensor& point) {
    vectors::add_scaled(point, -1, last_, vectors::like(other_, point));
    const double length = vectors::norm(other_);
    const double cosine = length > 0 && leg_length_ > 0 ? vectors::dot(other_, leg_) / length / leg_length_ : none;
    std::swap(leg_, other_);
    leg_length_ = length;
    length_ += length;
    last_.copy_from(point);
    ++legs_;
    return cosine;
  }
  double share_undone() {
    const double length = length_ - length_at_mark_;
    const double undone = length > 0 ? 1 - distance_from(mark_) / length : none;
    mark_.copy_from(last_);
    length_at_mark_ = length_;
    return undone;
  }
  double distance_from(const Tensor& point) {
    vectors::add_scaled(last_, -1, point, vectors::like(other_, point));
    return vectors::norm(other_);
  }

  std::int64_t window_, legs_ = 0;
  double length_ = 0, length_at_mark_ = 0, leg_length_ = 0;
  Tensor first_, last_, mark_, leg_, other_;
};

}  // namespace

std::shared_ptr<Instrument> path(const PathOptions& options) { return std::make_shared<PathInstrument>(options); }

}  // namespace gradus::lab

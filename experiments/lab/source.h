// Examples by row number, whose numbers are made only when a batch asks for them.
//
//   Source train = data.train.where([](std::int64_t label) { return label < 5; }).first(1000);
//
// A source of one's own is a class that derives from Examples:
//   Source(std::make_shared<Parity>(...))
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::lab {

// Some examples: inputs and targets, [b] where one has a single number, otherwise [b, numbers of one].
struct Batch {
  Tensor inputs, targets;
};

// What an input or a target is.
struct Layout {
  Shape shape;               // of one example: [height, width], [time, features], [] for a label, ...
  bool is_whole = false;     // numbers of int32, such as labels and tokens; otherwise of the run's type
  std::int64_t classes = 0;  // of whole numbers: they are in [0, classes)

  // Memory for so many examples.
  Tensor rows(std::int64_t count, DType floating) const;
};

// One kind of examples. All functions may be called by several threads at once.
class Examples {
 public:
  // The size of a source without end: its rows are a function of their number.
  static constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max();

  virtual ~Examples() = default;
  virtual std::int64_t size() const = 0;
  virtual Layout inputs() const = 0;
  virtual Layout targets() const = 0;
  // Writes the examples of some rows, each in [0, size()), one after the other into memory as Layout::rows makes it.
  virtual void read(std::span<const std::int64_t> rows, const Batch& into) const = 0;
  // The same of the labels alone, where targets are that; to be overridden where the inputs take longer.
  virtual void read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const;
};

// Examples, or a view of some. A cheap value; nothing is loaded, and no view is made, before it is looked at.
class Source {
 public:
  // Without examples, and of no format.
  Source() = default;
  explicit Source(std::shared_ptr<const Examples> examples);
  // What `make` returns when it is first needed; it may throw, and is then called again the next time.
  static Source made_by(std::function<std::shared_ptr<const Examples>()> make);
  static Source made_by(std::function<Source()> make);

  // False for Source() only.
  bool defined() const { return later_ != nullptr; }
  std::int64_t size() const { return defined() ? examples().size() : 0; }
  bool is_endless() const { return size() == Examples::endless; }
  // Throw std::invalid_argument for a source without examples.
  Layout inputs() const { return examples().inputs(); }
  Layout targets() const { return examples().targets(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const { examples().read(rows, into); }
  void read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const {
    examples().read_labels(rows, into);
  }
  // Rows [first, first + count) as new memory.
  Batch rows(std::int64_t first, std::int64_t count, DType floating) const;
  // The labels of all examples: targets of one whole number each. Throws std::invalid_argument for others.
  std::vector<std::int32_t> labels() const;

  // Views. What they ask for in vain is refused with std::invalid_argument when they are looked at.
  Source first(std::int64_t count) const { return part(0, count); }
  // Without the first ones.
  Source after(std::int64_t count) const;
  Source part(std::int64_t first, std::int64_t count) const;
  // Some rows, in this order; a row may be there several times.
  Source selected(std::vector<std::int64_t> rows) const;
  // Those whose label fulfils a condition.
  Source where(std::function<bool(std::int64_t label)> is_wanted) const;
  // Tasks: the examples by their class, so that part i has those of the i-th share of all classes.
  std::vector<Source> divided(std::int64_t parts) const;
  // With other labels in [0, classes), such as `label % 2`, or those that a stream draws.
  Source relabelled(std::int64_t classes,
                    std::function<std::int32_t(std::int64_t row, std::int32_t label)> label) const;
  // Class c keeps the first n ratio^(c / (C - 1)) of its n examples, 0 < ratio <= 1, at least one. Cui et al. (2019).
  Source long_tailed(double ratio) const;
  // Each input's numbers in another order: number i is the one that was at order[i].
  Source permuted(std::vector<std::int32_t> order) const;
  // Each number x of an input as (x - mean) / deviation.
  Source standardised(double mean, double deviation) const;
  // The inputs are the targets too, as an autoencoder wants it.
  Source to_itself() const;
  // Another function of each batch after it was read, which changes no format.
  Source changed(std::function<void(std::span<const std::int64_t> rows, const Batch& batch)> change) const;

 private:
  struct Later;
  const Examples& examples() const;
  std::shared_ptr<Later> later_;
};

// Numbers in memory as a source: inputs [n, ...] and targets [n, ...], floating or int32 in [0, classes). Others are
// refused with std::invalid_argument when the source is looked at.
Source source_of(const Tensor& inputs, const Tensor& targets, std::int64_t input_classes = 0,
                 std::int64_t target_classes = 0);

// What a study has: choices are made on `validation`, results reported on `test`. Either may be without examples.
struct Dataset {
  Source train, validation = {}, test = {};
  // The last examples of `train` become those of `validation`.
  Dataset with_validation(std::int64_t examples) const;
};

}  // namespace gradus::lab

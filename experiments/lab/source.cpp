#include "experiments/lab/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numeric>
#include <stdexcept>

namespace gradus::lab {
namespace {

// Some rows of other examples.
class Selected final : public Examples {
 public:
  Selected(Source base, std::vector<std::int64_t> rows) : base_(std::move(base)), rows_(std::move(rows)) {}
  std::int64_t size() const override { return std::ssize(rows_); }
  Layout inputs() const override { return base_.inputs(); }
  Layout targets() const override { return base_.targets(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    thread_local std::vector<std::int64_t> of_base;
    std::vector<std::int64_t> mine = std::move(of_base);  // a selection of a selection needs two
    mine.clear();
    for (const std::int64_t row : rows) mine.push_back(rows_[static_cast<std::size_t>(row)]);
    base_.read(mine, into);
    of_base = std::move(mine);
  }
  void read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const override {
    std::vector<std::int64_t> mine;
    for (const std::int64_t row : rows) mine.push_back(rows_[static_cast<std::size_t>(row)]);
    base_.read_labels(mine, into);
  }

 private:
  Source base_;
  std::vector<std::int64_t> rows_;
};

// A contiguous part, which may be of examples without end.
class Part final : public Examples {
 public:
  Part(Source base, std::int64_t first, std::int64_t count) : base_(std::move(base)), first_(first), count_(count) {}
  std::int64_t size() const override { return count_; }
  Layout inputs() const override { return base_.inputs(); }
  Layout targets() const override { return base_.targets(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    thread_local std::vector<std::int64_t> of_base;
    std::vector<std::int64_t> mine = std::move(of_base);
    mine.assign(rows.begin(), rows.end());
    for (std::int64_t& row : mine) row += first_;
    base_.read(mine, into);
    of_base = std::move(mine);
  }
  void read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const override {
    std::vector<std::int64_t> mine(rows.begin(), rows.end());
    for (std::int64_t& row : mine) row += first_;
    base_.read_labels(mine, into);
  }

 private:
  Source base_;
  std::int64_t first_, count_;
};

// Other numbers in the same rows.
class Changed final : public Examples {
 public:
  using Change = std::function<void(std::span<const std::int64_t>, const Batch&)>;
  Changed(Source base, Layout targets, Change change)
      : base_(std::move(base)), targets_(std::move(targets)), change_(std::move(change)) {}
  std::int64_t size() const override { return base_.size(); }
  Layout inputs() const override { return base_.inputs(); }
  Layout targets() const override { return targets_; }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    base_.read(rows, into);
    change_(rows, into);
  }

 private:
  Source base_;
  Layout targets_;
  Change change_;
};

// Inputs that are their own targets.
class ToItself final : public Examples {
 public:
  explicit ToItself(Source base) : base_(std::move(base)) {}
  std::int64_t size() const override { return base_.size(); }
  Layout inputs() const override { return base_.inputs(); }
  Layout targets() const override { return base_.inputs(); }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    const Tensor unused = base_.targets().rows(std::ssize(rows), into.inputs.dtype());
    base_.read(rows, {into.inputs, unused});
    into.targets.copy_from(into.inputs);
  }

 private:
  Source base_;
};

class InMemory final : public Examples {
 public:
  InMemory(const Tensor& inputs, const Tensor& targets, std::int64_t input_classes, std::int64_t target_classes)
      : numbers_{inputs, targets},
        inputs_(format_of(inputs, input_classes)),
        targets_(format_of(targets, target_classes)) {
    if (inputs.shape()[0] != targets.shape()[0])
      throw std::invalid_argument(fmt::format("source: inputs {} and targets {}, expected [n, ..] and [n, ..]",
                                              inputs.shape().to_string(), targets.shape().to_string()));
  }
  std::int64_t size() const override { return numbers_.inputs.shape()[0]; }
  Layout inputs() const override { return inputs_; }
  Layout targets() const override { return targets_; }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    copy(numbers_.inputs, rows, into.inputs);
    copy(numbers_.targets, rows, into.targets);
  }

 private:
  static Layout format_of(const Tensor& all, std::int64_t classes) {
    if (!all.defined() || all.shape().rank() < 1)
      throw std::invalid_argument("source: expected numbers of shape [n, ..]");
    Layout format{.shape = {}, .is_whole = all.dtype() == DType::int32, .classes = classes};
    for (int axis = 1; axis < all.shape().rank(); ++axis) format.shape.append(all.shape()[axis]);
    return format;
  }
  static void copy(const Tensor& all, std::span<const std::int64_t> rows, const Tensor& into) {
    const std::int64_t numbers = all.size() / all.shape()[0];
    if (all.dtype() == into.dtype()) {
      const std::size_t bytes = static_cast<std::size_t>(numbers) * size_of(all.dtype());
      const auto* from = static_cast<const std::byte*>(all.raw());
      auto* to = static_cast<std::byte*>(into.raw());
      for (const std::int64_t row : rows) {
        std::memcpy(to, from + static_cast<std::size_t>(row) * bytes, bytes);
        to += bytes;
      }
    } else {
      for (std::size_t i = 0; i < rows.size(); ++i)
        into.part(static_cast<std::int64_t>(i) * numbers, {numbers}).copy_from(all.part(rows[i] * numbers, {numbers}));
    }
  }

  Batch numbers_;
  Layout inputs_, targets_;
};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("source: " + what); }

}  // namespace

Tensor Layout::rows(std::int64_t count, DType floating) const {
  Shape all{count};
  if (shape.rank() > 0) all.append(shape.size());
  return Tensor::uninitialized(all, is_whole ? DType::int32 : floating);
}

void Examples::read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const {
  const Batch batch{inputs().rows(std::ssize(rows), DType::float32), targets().rows(std::ssize(rows), DType::float32)};
  read(rows, batch);
  std::ranges::copy(batch.targets.elements<std::int32_t>(), into.begin());
}

struct Source::Later {
  std::function<std::shared_ptr<const Examples>()> make;
  std::mutex mutex = {};
  std::shared_ptr<const Examples> made = {};
};

Source::Source(std::shared_ptr<const Examples> examples) : later_(std::make_shared<Later>()) {
  later_->made = std::move(examples);
}

Source Source::made_by(std::function<std::shared_ptr<const Examples>()> make) {
  Source source;
  source.later_ = std::make_shared<Later>();
  source.later_->make = std::move(make);
  return source;
}

Source Source::made_by(std::function<Source()> make) {
  return made_by([make = std::move(make)]() -> std::shared_ptr<const Examples> {
    const Source source = make();
    source.examples();
    return source.later_->made;
  });
}

const Examples& Source::examples() const {
  if (!later_) refuse("there are no examples");
  const std::lock_guard lock(later_->mutex);
  if (!later_->made) {
    later_->made = later_->make();
    later_->make = nullptr;
  }
  return *later_->made;
}

Batch Source::rows(std::int64_t first, std::int64_t count, DType floating) const {
  if (first < 0 || count < 0 || first > size() - count)
    refuse(fmt::format("rows {} to {} of {} examples", first, first + count, size()));
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  const Batch batch{inputs().rows(count, floating), targets().rows(count, floating)};
  read(rows, batch);
  return batch;
}

std::vector<std::int32_t> Source::labels() const {
  const Layout format = targets();
  if (!format.is_whole || format.shape.size() != 1)
    refuse("targets that are no labels, expected one whole number each");
  if (is_endless()) refuse("the labels of examples without end");
  std::vector<std::int32_t> all(static_cast<std::size_t>(size()));
  constexpr std::size_t at_once = 4096;
  for (std::size_t first = 0; first < all.size(); first += at_once) {
    std::vector<std::int64_t> rows(std::min(at_once, all.size() - first));
    std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
    read_labels(rows, std::span(all).subspan(first, rows.size()));
  }
  return all;
}

Source Source::part(std::int64_t first, std::int64_t count) const {
  return made_by([base = *this, first, count] {
    if (first < 0 || count < 0 || first > base.size() - count)
      refuse(fmt::format("examples {} to {} were asked for, there are {}", first, first + count, base.size()));
    return std::make_shared<Part>(base, first, count);
  });
}

Source Source::after(std::int64_t count) const {
  return made_by([base = *this, count] {
    if (count < 0 || count > base.size()) refuse(fmt::format("{} of {} examples left out", count, base.size()));
    return std::make_shared<Part>(base, count, base.is_endless() ? Examples::endless : base.size() - count);
  });
}

Source Source::selected(std::vector<std::int64_t> rows) const {
  return made_by([base = *this, rows = std::move(rows)] {
    for (const std::int64_t row : rows)
      if (row < 0 || row >= base.size()) refuse(fmt::format("row {} of {} examples", row, base.size()));
    return std::make_shared<Selected>(base, rows);
  });
}

Source Source::where(std::function<bool(std::int64_t)> is_wanted) const {
  return made_by([base = *this, is_wanted = std::move(is_wanted)] {
    const std::vector<std::int32_t> labels = base.labels();
    std::vector<std::int64_t> rows;
    for (std::size_t row = 0; row < labels.size(); ++row)
      if (is_wanted(labels[row])) rows.push_back(static_cast<std::int64_t>(row));
    return std::make_shared<Selected>(base, std::move(rows));
  });
}

std::vector<Source> Source::divided(std::int64_t parts) const {
  if (parts < 1) refuse(fmt::format("divided into {} parts, expected at least 1", parts));
  // The rows of all parts, found in one pass over the labels when the first part is looked at.
  struct Rows {
    std::once_flag found = {};
    std::vector<std::vector<std::int64_t>> of_part = {};
  };
  const auto rows = std::make_shared<Rows>();
  const auto find = [base = *this, parts, rows] {
    const std::int64_t classes = base.targets().classes;
    if (classes < parts) refuse(fmt::format("{} classes divided into {} parts", classes, parts));
    const std::vector<std::int32_t> labels = base.labels();
    rows->of_part.resize(static_cast<std::size_t>(parts));
    for (std::size_t row = 0; row < labels.size(); ++row)
      rows->of_part[static_cast<std::size_t>(labels[row] * parts / classes)].push_back(static_cast<std::int64_t>(row));
  };
  std::vector<Source> all;
  for (std::size_t part = 0; std::cmp_less(part, parts); ++part)
    all.push_back(made_by([base = *this, find, rows, part] {
      std::call_once(rows->found, find);
      return std::make_shared<Selected>(base, rows->of_part[part]);
    }));
  return all;
}

Source Source::relabelled(std::int64_t classes, std::function<std::int32_t(std::int64_t, std::int32_t)> label) const {
  return made_by([base = *this, classes, label = std::move(label)] {
    Layout targets = base.targets();
    if (!targets.is_whole || targets.shape.size() != 1) refuse("relabelled: targets that are no labels");
    targets.classes = classes;
    return std::make_shared<Changed>(
        base, targets, [classes, label](std::span<const std::int64_t> rows, const Batch& batch) {
          const auto labels = batch.targets.elements<std::int32_t>();
          for (std::size_t i = 0; i < rows.size(); ++i) {
            labels[i] = label(rows[i], labels[i]);
            if (labels[i] < 0 || labels[i] >= classes)
              refuse(fmt::format("relabelled: label {} of row {}, expected 0 to {}", labels[i], rows[i], classes - 1));
          }
        });
  });
}

Source Source::long_tailed(double ratio) const {
  return made_by([base = *this, ratio] {
    if (!(ratio > 0 && ratio <= 1))
      refuse(fmt::format("long_tailed: ratio {}, expected more than 0, at most 1", ratio));
    const std::vector<std::int32_t> labels = base.labels();
    const auto classes = static_cast<std::size_t>(base.targets().classes);
    std::vector<double> left(classes);  // of each class' examples
    for (const std::int32_t label : labels) ++left[static_cast<std::size_t>(label)];
    const double last = std::max(static_cast<double>(classes) - 1, 1.0);
    for (std::size_t label = 0; label < classes; ++label)
      left[label] = std::max(1.0, std::floor(left[label] * std::pow(ratio, static_cast<double>(label) / last) + 1e-9));
    std::vector<std::int64_t> rows;
    for (std::size_t row = 0; row < labels.size(); ++row)
      if (left[static_cast<std::size_t>(labels[row])]-- > 0) rows.push_back(static_cast<std::int64_t>(row));
    return std::make_shared<Selected>(base, std::move(rows));
  });
}

Source Source::permuted(std::vector<std::int32_t> order) const {
  return made_by([base = *this, order = std::move(order)] {
    const std::int64_t numbers = base.inputs().shape.size();
    std::vector<std::int32_t> sorted = order;
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (std::cmp_not_equal(sorted.size(), numbers) || std::cmp_not_equal(sorted[i], i))
        refuse(fmt::format("permuted: an order of {} positions, expected each of 0 to {} once", order.size(),
                           numbers - 1));
    return std::make_shared<Changed>(base, base.targets(), [order](std::span<const std::int64_t>, const Batch& batch) {
      const auto permute = [&]<class T>(std::span<T> all) {
        std::vector<T> row(order.size());
        for (auto at = all.begin(); at != all.end(); at += std::ssize(row)) {
          std::copy_n(at, row.size(), row.begin());
          for (std::size_t i = 0; i < order.size(); ++i)
            at[static_cast<std::ptrdiff_t>(i)] = row[static_cast<std::size_t>(order[i])];
        }
      };
      if (batch.inputs.dtype() == DType::int32)
        permute(batch.inputs.elements<std::int32_t>());
      else
        with_floating(batch.inputs.dtype(), [&]<class T>(T) { permute(batch.inputs.elements<T>()); });
    });
  });
}

Source Source::standardised(double mean, double deviation) const {
  if (!(deviation > 0)) refuse(fmt::format("standardised: deviation {}, expected more than 0", deviation));
  return changed([mean, deviation](std::span<const std::int64_t>, const Batch& batch) {
    with_floating(batch.inputs.dtype(), [&]<class T>(T) {
      for (T& x : batch.inputs.elements<T>()) x = static_cast<T>((static_cast<double>(x) - mean) / deviation);
    });
  });
}

Source Source::to_itself() const {
  return made_by([base = *this] { return std::make_shared<ToItself>(base); });
}

Source Source::changed(std::function<void(std::span<const std::int64_t>, const Batch&)> change) const {
  return made_by(
      [base = *this, change = std::move(change)] { return std::make_shared<Changed>(base, base.targets(), change); });
}

Source source_of(const Tensor& inputs, const Tensor& targets, std::int64_t input_classes, std::int64_t target_classes) {
  return Source::made_by([=] { return std::make_shared<InMemory>(inputs, targets, input_classes, target_classes); });
}

Dataset Dataset::with_validation(std::int64_t examples) const {
  if (examples == 0) return *this;
  const auto rest = [train = train, examples] {
    if (train.is_endless()) refuse("examples without end have no last ones to validate on: expected 0");
    if (examples >= train.size())
      refuse(fmt::format("{} examples for validation, but there are {} to train on", examples, train.size()));
    return train.size() - examples;
  };
  Dataset divided = *this;
  divided.train = Source::made_by([train = train, rest] { return std::make_shared<Part>(train, 0, rest()); });
  divided.validation =
      Source::made_by([train = train, rest, examples] { return std::make_shared<Part>(train, rest(), examples); });
  return divided;
}

}  // namespace gradus::lab

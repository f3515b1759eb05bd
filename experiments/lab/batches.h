// Batches of a source, for one pass over it or without end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/lab/source.h"
#include "optim/state_visitor.h"

namespace gradus::lab {

// One pass over a source in batches, the last of which may be smaller:
//   for (const Batch& batch : Batches(data.train, 32, run.dtype(), run.stream("shuffle", epoch))) ...
// A batch is valid until the next one is asked for, which overwrites it in place. Batches allocate nothing of their
// own; a view that changes inputs may.
class Batches {
 public:
  // Every example once, in an order that depends on the stream alone.
  Batches(Source source, std::int64_t batch_size, DType floating, RandomStream order);
  // In the order of the source, which may be endless.
  Batches(Source source, std::int64_t batch_size, DType floating);

  Batches(Batches&&) = default;
  Batches& operator=(Batches&&) = default;
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  // A new order for the next pass, in the same memory.
  void shuffle(RandomStream order);
  // A new order of what comes from that batch on.
  void shuffle_from(std::int64_t batch, RandomStream order);
  // The order itself: rows by place; empty where it is the source's.
  std::vector<std::int64_t>& order() { return order_; }

  // The number of batches.
  std::int64_t size() const { return examples_ / batch_size_ + (examples_ % batch_size_ != 0); }
  std::int64_t examples() const { return examples_; }
  // Batch i, 0 <= i < size(). Of temporaries neither this nor an iterator can be had: both would outlive them.
  const Batch& operator[](std::int64_t i) &;

  struct End {};
  class Iterator {
   public:
    explicit Iterator(Batches& batches) : batches_(&batches) {}
    const Batch& operator*() const { return (*batches_)[i_]; }
    const Batch* operator->() const { return &(*batches_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    friend bool operator==(const Iterator& at, End) { return at.i_ == at.batches_->size(); }

   private:
    Batches* batches_;
    std::int64_t i_ = 0;
  };
  Iterator begin() & { return Iterator(*this); }
  static End end() { return {}; }

 private:
  Source source_;
  std::int64_t batch_size_, examples_;
  std::vector<std::int64_t> order_;  // empty: sequential
  std::vector<std::int64_t> rows_;   // of the batch
  Batch buffer_, batch_;
  std::int64_t current_ = -1;  // the batch that batch_ holds
};

// How the batches of a training run over their source.
enum class Order { shuffled, sequential };

// Batches without end, pass after pass: shuffled anew in each, by the stream of that pass, or always in the order of
// the source.
class BatchStream {
 public:
  // `stream(pass)` gives the order of passes 1, 2, ...; an endless source is read in its own order. A batch size of 0
  // takes the whole source, in its own order: then a batch is read once.
  BatchStream(Source source, std::int64_t batch_size, DType floating, Order order,
              std::function<RandomStream(std::uint64_t pass)> stream);
  // Valid until the next call.
  const Batch& next();
  // The largest batch.
  std::int64_t batch_size() const { return batch_size_; }
  // The place in the data: which pass, and which batch of it.
  void visit(optim::StateVisitor& visitor);
  // The rest of the pass in a new order, drawn by what `stream` gives for the pass now.
  void draw_rest_anew();
  bool is_shuffled() const { return order_ == Order::shuffled; }
  // Batches in a pass.
  std::int64_t per_pass() const { return batches_.size(); }

 private:
  std::int64_t batch_size_;
  Batches batches_;
  Order order_;
  std::function<RandomStream(std::uint64_t)> stream_;
  std::int64_t next_ = 0;
  std::uint64_t pass_ = 0;
  Tensor odd_order_;  // of this pass, where its stream alone does not tell it
};

}  // namespace gradus::lab

#include "experiments/lab/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace gradus::lab {

Batches::Batches(Source source, std::int64_t batch_size, DType floating)
    : source_(std::move(source)), batch_size_(batch_size), examples_(source_.size()) {
  if (batch_size == Examples::endless) throw std::invalid_argument("batches: all examples of a source without end");
  if (batch_size < 1) throw std::invalid_argument(fmt::format("batches: size {}, expected at least 1", batch_size));
  if (examples_ == 0) throw std::invalid_argument("batches: the source has no examples");
  const std::int64_t rows = std::min(batch_size_, examples_);
  rows_.resize(static_cast<std::size_t>(rows));
  buffer_ = {source_.inputs().rows(rows, floating), source_.targets().rows(rows, floating)};
}

Batches::Batches(Source source, std::int64_t batch_size, DType floating, RandomStream order)
    : Batches(std::move(source), batch_size, floating) {
  shuffle(order);
}

void Batches::shuffle(RandomStream order) {
  if (source_.is_endless()) throw std::invalid_argument("batches: examples without end cannot be shuffled");
  // From the identity each time: the order is a function of the stream, not of what was drawn before.
  order_.resize(static_cast<std::size_t>(examples_));
  std::iota(order_.begin(), order_.end(), 0);
  order.shuffle(order_);
  current_ = -1;
}

void Batches::shuffle_from(std::int64_t batch, RandomStream order) {
  const auto first = order_.begin() + std::min(batch * batch_size_, static_cast<std::int64_t>(order_.size()));
  std::vector<std::int64_t> rest(first, order_.end());
  order.shuffle(rest);
  std::copy(rest.begin(), rest.end(), first);
  current_ = -1;
}

const Batch& Batches::operator[](std::int64_t i) & {
  if (i < 0 || i >= size())
    throw std::invalid_argument(fmt::format("batches: batch {}, expected 0 to {}", i, size() - 1));
  if (i == current_) return batch_;
  const std::int64_t first = i * batch_size_, count = std::min(batch_size_, examples_ - first);
  rows_.resize(static_cast<std::size_t>(count));
  if (order_.empty())
    std::iota(rows_.begin(), rows_.end(), first);
  else
    std::copy_n(order_.begin() + first, count, rows_.begin());
  if (!batch_.targets.defined() || batch_.targets.shape()[0] != count)
    batch_ = {buffer_.inputs.rows(0, count), buffer_.targets.rows(0, count)};
  source_.read(rows_, batch_);
  current_ = i;
  return batch_;
}

BatchStream::BatchStream(Source source, std::int64_t batch_size, DType floating, Order order,
                         std::function<RandomStream(std::uint64_t)> stream)
    : batch_size_(batch_size == 0 ? source.size() : std::min(batch_size, source.size())),
      batches_(source, batch_size_, floating),
      order_(batch_size_ == source.size() || source.is_endless() ? Order::sequential : order),
      stream_(std::move(stream)) {}

const Batch& BatchStream::next() {
  if (next_ == batches_.size()) next_ = 0;
  if (next_ == 0) {
    ++pass_;
    odd_order_ = Tensor();
    if (order_ == Order::shuffled) batches_.shuffle(stream_(pass_));
  }
  return batches_[next_++];
}

void BatchStream::visit(optim::StateVisitor& visitor) {
  const std::uint64_t pass = pass_;
  const std::int64_t next = next_;
  std::int64_t size = batch_size_, examples = batches_.examples();
  visitor.whole("pass", pass_);
  visitor.counter("next", next_);
  visitor.counter("batch_size", size);
  visitor.counter("examples", examples);
  visitor.tensor("odd_order", odd_order_);
  if (pass == pass_ && next == next_) return;
  if (size != batch_size_ || examples != batches_.examples()) {  // of a fork: no batch of this one's begins there
    next_ = 0;
    odd_order_ = Tensor();
    return;
  }
  if (order_ != Order::shuffled || pass_ == 0) return;
  batches_.shuffle(stream_(pass_));
  if (!odd_order_.defined()) return;
  for (std::size_t i = 0; i < batches_.order().size(); ++i)
    batches_.order()[i] = static_cast<std::int64_t>(odd_order_.at(static_cast<std::int64_t>(i)));
}

void BatchStream::draw_rest_anew() {
  if (order_ != Order::shuffled || pass_ == 0) return;
  batches_.shuffle_from(next_, stream_(pass_).child("rest", static_cast<std::uint64_t>(next_)));
  odd_order_ = Tensor::uninitialized({static_cast<std::int64_t>(batches_.order().size())}, DType::float64);
  for (std::size_t i = 0; i < batches_.order().size(); ++i)
    odd_order_.set(static_cast<std::int64_t>(i), static_cast<double>(batches_.order()[i]));
}

}  // namespace gradus::lab

// Labelled images for classification, and the batches that a training loop takes from them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::lab {

struct Split {
  Tensor images;  // [n, height * width], float32 or float64, in [0, 1]
  Tensor labels;  // [n]: int32 in [0, classes), or what else the loss expects
  std::int64_t size() const { return labels.defined() ? labels.size() : 0; }
};

struct Dataset {
  Split train, test;
  std::int64_t classes = 0, height = 0, width = 0;
};

// Where a data set lies: the directory or, where that is empty, the place where Debian's dataset-fashion-mnist
// installs, for the name "fashion-mnist"; any other name needs one. Throws std::invalid_argument for a missing
// directory option, std::runtime_error for one that does not exist.
std::filesystem::path idx_directory(const std::string& name, const std::filesystem::path& directory);

// Loads {train,t10k}-{images-idx3,labels-idx1}-ubyte, with or without .gz, from idx_directory(). Throws
// std::runtime_error with the path for a bad file: see read_idx(), and counts of images and labels that differ, labels
// above 9, images of different sizes.
Dataset load_idx_dataset(const std::string& name, const std::filesystem::path& directory, DType type);

// One pass over a split in batches, the last of which may be smaller:
//   for (const Batch& batch : Batches(data.train, 32, RandomStream(seed, "shuffle", epoch))) ...
// A batch is valid until the next one is asked for, which may overwrite it in place. No batch allocates memory.
struct Batch {
  Tensor inputs;  // [b, features]
  Tensor labels;  // [b]
};

class Batches {
 public:
  // Every example once, in an order that depends on the stream alone; rows are gathered into one reused buffer.
  Batches(const Split& split, std::int64_t batch_size, RandomStream order);
  // In the order of the split: batches are views of it.
  Batches(const Split& split, std::int64_t batch_size);

  Batches(Batches&&) = default;
  Batches& operator=(Batches&&) = default;
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  // A new order for the next epoch, in the same memory.
  void shuffle(RandomStream order);

  // The number of batches.
  std::int64_t size() const { return (split_.size() + batch_size_ - 1) / batch_size_; }
  std::int64_t examples() const { return split_.size(); }
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
  void gather(std::int64_t first, std::int64_t count);

  Split split_;
  std::int64_t batch_size_;
  std::vector<std::int32_t> order_;  // empty: sequential
  Tensor inputs_, labels_;           // the buffer of gathered rows
  Batch batch_;
  std::int64_t current_ = -1;  // the batch that batch_ holds
};

}  // namespace gradus::lab

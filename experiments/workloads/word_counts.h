// Texts in a folder as examples: how often words occur in a piece, and which kind of file it is from.
#pragma once

#include <cstdint>
#include <filesystem>

#include "experiments/lab/source.h"

namespace gradus::workloads {

struct WordCounts {
  std::filesystem::path folder;
  std::int64_t length = 20;   // words in a piece
  std::int64_t words = 1000;  // that are counted: the most frequent ones of the training pieces

  // Inputs [words], the counts, and as labels the files' names up to the first '-', so that versions of a text are of
  // one class: numbered in the order of the names. Links are passed by, and files of less than ten pieces. A word is a
  // run of letters, whatever their case. Of ten pieces of a file that follow one another eight are for training, one
  // for validation, one to test. The files are read when examples are first looked at: that throws std::runtime_error
  // with the path for a folder that cannot be read or has less than two classes.
  lab::Dataset dataset() const;
  friend bool operator==(const WordCounts&, const WordCounts&) = default;
};

}  // namespace gradus::workloads

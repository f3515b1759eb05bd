#include "experiments/workloads/word_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "experiments/lab/last_made.h"
#include "experiments/records/files.h"

namespace gradus::workloads {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;
struct Piece {
  Words words;
  std::int32_t label = 0;
};

Words words_of(std::string_view text) {
  Words all;
  bool is_inside = false;
  for (const char c : text) {
    const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool is_letter = small >= 'a' && small <= 'z';
    if (is_letter && !is_inside) all.emplace_back();
    if (is_letter) all.back() += small;
    is_inside = is_letter;
  }
  return all;
}

std::string class_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('-'));
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> all;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.is_regular_file() && !entry.is_symlink()) all.push_back(entry.path());
  if (error) throw std::runtime_error(fmt::format("{}: cannot read: {}", folder.string(), error.message()));
  // Those of a class follow one another.
  std::sort(all.begin(), all.end(),
            [](const fs::path& a, const fs::path& b) { return std::pair(class_of(a), a) < std::pair(class_of(b), b); });
  return all;
}

enum class Set { train, validation, test };
Set set_of(std::int64_t piece) { return piece % 10 == 8 ? Set::validation : piece % 10 == 9 ? Set::test : Set::train; }

class Counted final : public lab::Examples {
 public:
  Counted(const WordCounts& asked, Set set) : words_(asked.words) {
    const std::vector<Piece> train = read_pieces(asked, Set::train);
    const std::map<std::string, std::int32_t> places = most_frequent(train);
    for (const Piece& piece : set == Set::train ? train : read_pieces(asked, set)) {
      std::vector<std::int32_t>& places_there = places_.emplace_back();
      for (const std::string& word : piece.words)
        if (const auto found = places.find(word); found != places.end()) places_there.push_back(found->second);
      labels_.push_back(piece.label);
    }
  }
  std::int64_t size() const override { return std::ssize(labels_); }
  lab::Layout inputs() const override { return {.shape = {words_}}; }
  lab::Layout targets() const override { return {.shape = {}, .is_whole = true, .classes = classes_}; }
  void read(std::span<const std::int64_t> rows, const lab::Batch& into) const override {
    into.inputs.fill(0);
    with_floating(into.inputs.dtype(), [&]<class T>(T) {
      T* counts = into.inputs.data<T>();
      std::int32_t* label = into.targets.data<std::int32_t>();
      for (const std::int64_t row : rows) {
        for (const std::int32_t place : places_[static_cast<std::size_t>(row)]) counts[place] += 1;
        *label++ = labels_[static_cast<std::size_t>(row)];
        counts += words_;
      }
    });
  }

 private:
  std::vector<Piece> read_pieces(const WordCounts& asked, Set set) {
    std::vector<Piece> all;
    std::vector<std::string> names;  // of classes
    for (const fs::path& file : files_of(asked.folder)) {
      const Words words = words_of(records::read_file(file));
      const std::int64_t pieces = std::ssize(words) / asked.length;
      if (pieces < 10) continue;
      if (names.empty() || names.back() != class_of(file)) names.push_back(class_of(file));
      for (std::int64_t i = 0; i < pieces; ++i) {
        const auto first = words.begin() + i * asked.length;
        if (set_of(i) == set)
          all.push_back({Words(first, first + asked.length), static_cast<std::int32_t>(names.size()) - 1});
      }
    }
    classes_ = std::ssize(names);
    if (classes_ < 2)
      throw std::runtime_error(fmt::format("{}: {} classes of files of ten pieces of {} words, expected at least 2",
                                           asked.folder.string(), classes_, asked.length));
    return all;
  }
  // With their places.
  std::map<std::string, std::int32_t> most_frequent(const std::vector<Piece>& pieces) const {
    std::map<std::string, std::int64_t> counts;
    for (const Piece& piece : pieces)
      for (const std::string& word : piece.words) ++counts[word];
    std::vector<std::pair<std::int64_t, std::string>> order;
    for (const auto& [word, count] : counts) order.emplace_back(-count, word);
    std::sort(order.begin(), order.end());
    if (std::ssize(order) > words_) order.resize(static_cast<std::size_t>(words_));
    std::map<std::string, std::int32_t> places;
    for (const auto& [count, word] : order) places.emplace(word, static_cast<std::int32_t>(places.size()));
    return places;
  }

  std::int64_t words_, classes_ = 0;
  std::vector<std::vector<std::int32_t>> places_;  // of a piece's words
  std::vector<std::int32_t> labels_;
};

}  // namespace

lab::Dataset WordCounts::dataset() const {
  using Last = lab::LastMade<std::pair<WordCounts, std::vector<std::string>>, Counted>;
  static std::array<Last, 3> last;
  const auto part = [asked = *this](Set set) {
    return lab::Source::made_by([asked, set]() -> std::shared_ptr<const lab::Examples> {
      std::vector<std::string> files;  // as they are now
      for (const fs::path& file : files_of(asked.folder)) files.push_back(file.string() + records::stamp_of(file));
      return last[static_cast<std::size_t>(set)].get({asked, files}, [&] { return Counted(asked, set); });
    });
  };
  return {.train = part(Set::train), .validation = part(Set::validation), .test = part(Set::test)};
}

}  // namespace gradus::workloads

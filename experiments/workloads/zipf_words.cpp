#include "experiments/workloads/zipf_words.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "experiments/lab/last_made.h"

namespace gradus::workloads {
namespace {

// The numbers 0, 1, .. with probabilities 1, 1/2, 1/3, .. over their sum.
class Zipf {
 public:
  explicit Zipf(std::int64_t numbers) {
    double sum = 0;
    for (std::int64_t i = 1; i <= numbers; ++i) sums_.push_back(sum += 1 / static_cast<double>(i));
  }
  std::size_t draw(RandomStream& random) const {
    const double at = random.uniform() * sums_.back();
    return static_cast<std::size_t>(std::min(std::upper_bound(sums_.begin(), sums_.end(), at), sums_.end() - 1) -
                                    sums_.begin());
  }
  // How many of the first have together the share.
  std::int32_t first_with(double share) const {
    return static_cast<std::int32_t>(
        1 + (std::lower_bound(sums_.begin(), sums_.end() - 1, share * sums_.back()) - sums_.begin()));
  }

 private:
  std::vector<double> sums_;
};

// Each class's order of the words.
std::vector<std::vector<std::int64_t>> orders(std::int64_t words, std::int64_t classes) {
  std::vector<std::vector<std::int64_t>> all;
  for (std::int64_t label = 0; label < classes; ++label) {
    std::vector<std::int64_t>& order = all.emplace_back(static_cast<std::size_t>(words));
    std::iota(order.begin(), order.end(), 0);
    RandomStream(0, "words_of_class", static_cast<std::uint64_t>(label)).shuffle(order);
  }
  return all;
}

}  // namespace

lab::Drawn WordTable::examples() const {
  struct Language {
    Zipf words, classes;
    std::vector<std::vector<std::int64_t>> of_class;
  };
  static lab::LastMade<std::pair<std::int64_t, std::int64_t>, Language> last;
  const auto language = last.get({words, classes}, [&] {
    return Language{Zipf(words), Zipf(classes), orders(words, classes)};
  });
  return {.inputs = {.shape = {words}},
          .targets = {.shape = {}, .is_whole = true, .classes = classes},
          .draw = [language, length = length](RandomStream& random, std::int64_t, std::span<double> input,
                                              std::span<double> target) {
            const std::size_t label = language->classes.draw(random);
            target[0] = static_cast<double>(label);
            for (std::int64_t i = 0; i < length; ++i) {
              const std::size_t rank = language->words.draw(random);
              const std::size_t word = i % 2 == 0 ? rank : static_cast<std::size_t>(language->of_class[label][rank]);
              input[word] += 1;
            }
          }};
}

lab::Workload ZipfWords::make(lab::Run& run) const {
  const Model chosen = choose_model(run, model);
  WordTable table = texts;
  table.words = run.option("words", table.words, "different ones", lab::between(2, 100'000));
  table.classes = run.option("classes", table.classes, "of texts", lab::between(3, 10'000));
  table.length = run.option("length", table.length, "words in a text", lab::between(2, 100'000));
  const std::int64_t train =
      run.option("rows", rows, "texts to train on, and a tenth to validate and to test each", lab::at_least(10));
  const lab::Drawn what = table.examples();
  const auto set = [&](const char* which, std::int64_t count) {
    return lab::drawn_source(what, RandomStream(0, which), count);
  };
  const auto all = static_cast<std::int32_t>(table.classes);
  const std::int32_t head = Zipf(all).first_with(1.0 / 3), middle = std::max(head + 1, Zipf(all).first_with(2.0 / 3));
  return {.name = name,
          .model = [chosen](const Task& task) { return chosen.make(task); },
          .loss = nn::cross_entropy,
          .data = {.train = set("train", train),
                   .validation = set("validation", train / 10),
                   .test = set("test", train / 10)},
          // A third of the texts each.
          .metrics = {lab::loss_metric(), lab::accuracy(), loss_of_classes("frequent", 0, head),
                      loss_of_classes("middle", head, middle), loss_of_classes("rare", middle, all)},
          .plan = plan};
}

}  // namespace gradus::workloads

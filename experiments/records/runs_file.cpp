#include "experiments/records/runs_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "experiments/records/described_arrays.h"
#include "experiments/records/files.h"
#include "experiments/records/hdf5.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

using nlohmann::json;

constexpr std::size_t most_runs = 64, most_memory = std::size_t{1} << 26;  // of a block

// A power of two, so that the chunks of all blocks lie alike.
std::size_t block_of(const Survey& survey) {
  std::size_t bytes = 1;
  for (const SurveyedTable& table : survey.tables()) bytes += table.numbers() * sizeof(double);
  std::size_t block = most_runs;
  while (block > 1 && block * bytes > most_memory) block /= 2;
  return block;
}

// `name`, or with a word before it where that is taken; it is taken then.
std::string free_name(std::set<std::string>& taken, const char* before, const std::string& name) {
  std::string found = name;
  while (!taken.insert(found).second) found = before + ("_" + found);
  return found;
}

// A slash would be a group's.
std::string link_name(std::string name) {
  std::ranges::replace(name, '/', '_');
  return name;
}

bool is_integer(const json& value) {
  return value.is_boolean() || (value.is_number_integer() &&
                                !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}));
}

// Integers and truth values as such where every run has one, numbers as numbers, all else as texts.
h5::Array write_fact(h5::Node& root, const std::string& name, const RunFact& fact, const h5::Array& runs) {
  const auto all = [&](auto&& test) { return std::ranges::all_of(fact.values, test); };
  if (all(is_integer)) {
    std::vector<std::int64_t> values;
    for (const json& value : fact.values)
      values.push_back(value.is_boolean() ? std::int64_t{value.get<bool>()} : value.get<std::int64_t>());
    return root.numbers(name, values, runs);
  }
  if (all([](const json& value) { return value.is_null() || value.is_number() || value.is_boolean(); })) {
    std::vector<double> values;
    for (const json& value : fact.values)
      values.push_back(value.is_null()      ? std::numeric_limits<double>::quiet_NaN()
                       : value.is_boolean() ? static_cast<double>(value.get<bool>())
                                            : value.get<double>());
    return root.numbers(name, values, runs);
  }
  std::vector<std::string> values;
  for (const json& value : fact.values)
    values.push_back(value.is_null() ? std::string() : value.is_string() ? value.get<std::string>() : json_text(value));
  return root.texts(name, values, runs);
}

// Of one column and of all runs of a block, [run, place, number].
class Block {
 public:
  Block(std::size_t runs, std::size_t places, std::size_t length)
      : places_(places), length_(length), values_(runs * places * length, std::numeric_limits<double>::quiet_NaN()) {}
  // The numbers of a run, `own` in each row.
  template <class Number>
  void put(std::size_t run, const std::vector<std::size_t>& at, const std::vector<Number>& numbers, std::size_t own) {
    for (std::size_t row = 0; row < at.size(); ++row)
      if (at[row] < places_)
        std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(row * own), std::min(own, length_),
                    values_.begin() + static_cast<std::ptrdiff_t>((run * places_ + at[row]) * length_));
  }
  const std::vector<double>& values() const { return values_; }

 private:
  std::size_t places_, length_;
  std::vector<double> values_;
};

// The columns of a table.
class TableGrids {
 public:
  // `runs` is the scale of that dimension; so many runs are written at a time. The table outlives it.
  TableGrids(h5::Node& root, const std::string& group, const SurveyedTable& table, const h5::Array& runs,
             std::size_t block);
  // Of the runs from `first` on.
  void write(std::size_t first, const std::vector<std::vector<MetricTable>>& runs);

 private:
  const SurveyedTable* table_;
  std::vector<h5::PaddedArray> columns_;
  std::vector<h5::PaddedArray> index_;  // one where rows are counted, otherwise none
};

TableGrids::TableGrids(h5::Node& root, const std::string& group, const SurveyedTable& table, const h5::Array& runs,
                       std::size_t block)
    : table_(&table) {
  h5::Node node = root.group(group);
  std::set<std::string> taken = {"run", table.index().name};
  for (const Column& column : table.columns())
    if (!column.axis.empty()) taken.insert({column.axis, label_name(column.axis)});
  std::vector<std::string> names;
  for (const Column& column : table.columns()) names.push_back(free_name(taken, "column", column.name));

  const auto along = [&] {
    if (table.is_aligned()) return write_scale(node, table.index(), table.indexes());
    std::vector<std::int64_t> rows(table.places());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    return write_scale(node, {free_name(taken, "table", "row"), "1", "row of the table"}, rows);
  }();
  if (!table.is_aligned()) {
    index_.push_back(node.grid(table.index().name, std::array{&runs, &along}, block, false));
    describe(index_.back(), {table.index().name, table.index().units, table.index().long_name});
  }
  std::map<std::string, h5::Array> axes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Column& column = table.columns()[i];
    std::vector<const h5::Array*> dimensions = {&runs, &along};
    if (!column.axis.empty()) {
      if (!axes.contains(column.axis)) axes.emplace(column.axis, write_axis(node, column));
      dimensions.push_back(&axes.at(column.axis));
    }
    columns_.push_back(node.grid(names[i], dimensions, block, column.single_precision));
    describe(columns_.back(), column);
  }
}

void TableGrids::write(std::size_t first, const std::vector<std::vector<MetricTable>>& runs) {
  std::vector<const MetricTable*> tables;
  std::vector<std::vector<std::size_t>> places;
  std::size_t used = 0;
  for (const auto& run : runs) {
    tables.push_back(find_table(run, table_->name()));
    places.push_back(tables.back() != nullptr ? table_->places_of(*tables.back()) : std::vector<std::size_t>());
    for (const std::size_t place : places.back())
      if (place != SurveyedTable::no_place) used = std::max(used, place + 1);
  }
  for (h5::PaddedArray& grid : index_) {
    Block block(runs.size(), used, 1);
    for (std::size_t run = 0; run < runs.size(); ++run)
      if (tables[run] != nullptr) block.put(run, places[run], tables[run]->index(), 1);
    grid.write(first, runs.size(), used, block.values());
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = table_->columns()[i];
    Block block(runs.size(), used, static_cast<std::size_t>(column.length));
    for (std::size_t run = 0; run < runs.size(); ++run) {
      if (tables[run] == nullptr) continue;
      const auto own = std::ranges::find(tables[run]->columns(), column.name, &Column::name);
      if (own == tables[run]->columns().end()) continue;
      block.put(run, places[run], tables[run]->values(static_cast<std::size_t>(own - tables[run]->columns().begin())),
                static_cast<std::size_t>(own->length));
    }
    columns_[i].write(first, runs.size(), used, block.values());
  }
}

}  // namespace

class RunsFile::Contents {
 public:
  Contents(const std::filesystem::path& target, const std::string& program, const std::vector<RunFact>& facts,
           const Survey& survey);
  void add(std::vector<MetricTable> tables) {
    waiting_.push_back(std::move(tables));
    if (waiting_.size() == block_) write_block();
  }
  void keep();

 private:
  void write_block();

  const std::size_t block_;
  NewFile place_;
  h5::File file_;
  std::vector<TableGrids> tables_;
  std::vector<std::vector<MetricTable>> waiting_;  // of the block that is being filled
  std::size_t written_ = 0;                        // runs
};

RunsFile::Contents::Contents(const std::filesystem::path& target, const std::string& program,
                             const std::vector<RunFact>& facts, const Survey& survey)
    : block_(block_of(survey)), place_(target), file_(h5::File::on_disk(place_.path(), target)) {
  h5::Node root = file_.root();
  root.attribute("Conventions", std::string("CF-1.8"));
  root.attribute("schema_version", std::int64_t{schema_version});
  root.attribute("program", program);
  std::vector<std::string> ids;
  for (const json& id : facts.front().values) ids.push_back(id.get<std::string>());
  const h5::Array runs = root.text_scale(facts.front().name, ids);
  std::set<std::string> taken = {facts.front().name};
  for (std::size_t i = 1; i < facts.size(); ++i) {
    h5::Array variable = write_fact(root, free_name(taken, "fact", link_name(facts[i].name)), facts[i], runs);
    if (!facts[i].units.empty()) variable.attribute("units", facts[i].units);
  }
  for (const SurveyedTable& table : survey.tables())
    tables_.emplace_back(root, free_name(taken, "table", table.name()), table, runs, block_);
}

void RunsFile::Contents::write_block() {
  for (TableGrids& table : tables_) table.write(written_, waiting_);
  written_ += waiting_.size();
  waiting_.clear();
}

void RunsFile::Contents::keep() {
  write_block();
  tables_.clear();
  file_.finish();
  place_.keep();
}

RunsFile::RunsFile(const std::filesystem::path& target, const std::string& program, const std::vector<RunFact>& facts,
                   const Survey& survey)
    : contents_(std::make_unique<Contents>(target, program, facts, survey)) {}

RunsFile::~RunsFile() = default;

void RunsFile::add(std::vector<MetricTable> tables) { contents_->add(std::move(tables)); }

void RunsFile::keep() { contents_->keep(); }

}  // namespace gradus::records

// The log of a run: whatever is in it, what is read is the same when it is read and written again.
#include <cstring>

#include "experiments/records/log_contents.h"
#include "experiments/records/metric_log.h"
#include "tests/fuzz/reframe.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"

namespace gradus::fuzz {
namespace {

using namespace records;

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

void require_same(const MetricTable& a, const MetricTable& b) {
  require(a.name() == b.name() && a.index_column() == b.index_column() && a.columns() == b.columns(),
          "a table says the same of itself when it is read again");
  require(a.index() == b.index(), "a table has the same rows when it is read again");
  for (std::size_t i = 0; i < a.columns().size(); ++i)
    require(same_bits(a.values(i), b.values(i)), "a column has the same numbers when it is read again");
}

void require_same(const LogContents& a, const LogContents& b) {
  require(a.configuration == b.configuration, "the configuration is the same when it is read again");
  // As text: a number that is not finite does not equal itself.
  require(a.attributes.dump() == b.attributes.dump() && infinities_of(a.attributes) == infinities_of(b.attributes),
          "the attributes are the same when they are read again");
  require(a.tables.size() == b.tables.size(), "the tables are as many when they are read again");
  for (std::size_t i = 0; i < a.tables.size(); ++i) require_same(a.tables[i], b.tables[i]);
}

void require_rectangular(const LogContents& log) {
  require(log.numbers.size() == log.tables.size() && log.announced >= log.tables.size(), "each table has a number");
  for (const MetricTable& table : log.tables)
    for (std::size_t i = 0; i < table.columns().size(); ++i)
      require(std::ssize(table.values(i)) == table.rows() * table.columns()[i].length, "each row fills each column");
}

// By our own writer.
LogContents written_again(const LogContents& log) {
  const std::filesystem::path path = scratch() / "again";
  std::filesystem::remove(path);
  {
    MetricLog writer(path, log.configuration);
    if (!log.attributes.empty()) writer.add_attributes(log.attributes);
    for (const MetricTable& table : log.tables) {
      const std::uint16_t number = writer.add_table(table);
      for (std::int64_t row = 0; row < table.rows(); ++row)
        writer.append(number, table.index()[static_cast<std::size_t>(row)], table.row(row));
    }
    writer.sync();
  }
  return read_metric_log(path, true);
}

}  // namespace
}  // namespace gradus::fuzz

using namespace gradus::fuzz;

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return mutate_and_repair(data, size, most, seed, reframed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = file_with(text_of(data, size));
  const LogContents log = read_metric_log(path), whole = read_metric_log(path, true);
  require(log.whole_bytes + log.torn_bytes == static_cast<std::int64_t>(size), "every byte is whole or torn");
  require(log.tables.size() <= whole.tables.size(), "who goes on writing sees every table");
  for (const LogContents* contents : {&log, &whole}) require_rectangular(*contents);
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(log.whole_bytes));
  const LogContents cut = read_metric_log(path, true);
  require(cut.torn_bytes == 0, "what was whole is whole when the rest is cut off");
  require_same(whole, cut);
  if (whole.configuration.is_null()) refusal() = "no configuration";
  if (!whole.configuration.is_null()) require_same(whole, written_again(whole));
  return 0;
}

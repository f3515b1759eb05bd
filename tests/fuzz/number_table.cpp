// Tables of numbers as text, and examples made of them.
#include "experiments/lab/number_table.h"

#include <fmt/format.h>

#include <cmath>

#include "experiments/lab/csv_source.h"
#include "tests/fuzz/target.h"

using namespace gradus;
using lab::Separator;

namespace {

std::string written(const lab::NumberTable& table) {
  std::string text;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    for (std::int64_t column = 0; column < table.columns; ++column)
      text += fmt::format("{}{}", table.at(row, column), column + 1 < table.columns ? "," : "\n");
  return text;
}

void require_consistent(const lab::NumberTable& table) {
  fuzz::require(table.rows() > 0 && std::ssize(table.values) == table.rows() * table.columns, "each row is whole");
  fuzz::require(table.names.empty() || std::ssize(table.names) == table.columns, "each column has a name, or none");
  for (const double value : table.values) fuzz::require(std::isfinite(value), "all numbers are finite");
  const std::filesystem::path again = fuzz::file_with(written(table), "again");
  fuzz::require(lab::read_number_table(again, Separator::comma).values == table.values,
                "a table written again has the same numbers");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = fuzz::file_with(fuzz::text_of(data, size));
  bool some = false;
  for (const Separator separator :
       {Separator::automatic, Separator::comma, Separator::semicolon, Separator::tab, Separator::space}) {
    lab::NumberTable table;
    if (!fuzz::accepts<std::runtime_error>(path.string(), [&] { table = lab::read_number_table(path, separator); }))
      continue;
    require_consistent(table);
    some = true;
  }
  for (const lab::LastColumn last : {lab::LastColumn::number, lab::LastColumn::label}) {
    const lab::Source source = lab::csv_source(path, last);
    if (!fuzz::accepts<std::runtime_error>(path.string(), [&] { source.size(); })) continue;
    const lab::Batch batch = source.rows(0, 1, DType::float64);
    fuzz::require(batch.inputs.defined() && batch.targets.defined(), "a table of examples has a first one");
  }
  if (some) fuzz::refusal().clear();
  return 0;
}

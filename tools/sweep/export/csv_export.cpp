#include "tools/sweep/export/csv_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/records/sealed.h"

namespace gradus::sweep {
namespace {

constexpr std::int64_t longest_vector = 1000;
constexpr std::size_t block = 1 << 20;  // bytes that are written at a time

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos && !text.starts_with(' ') && !text.ends_with(' ')) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string(2, c) : std::string(1, c);
  return result + "\"";
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : records::json_text(value);
}

// The shortest that reads as the same number.
std::string text_of(double value) { return std::isnan(value) ? "NaN" : fmt::format("{}", value); }

bool is_too_long(const records::Column& column) { return column.length > longest_vector; }

}  // namespace

CsvExport::CsvExport(const std::filesystem::path& target, const std::vector<records::RunFact>& facts,
                     const records::Survey& survey)
    : facts_(facts), survey_(survey), file_(target) {
  for (const records::RunFact& fact : facts_) add_field(fact.name);
  for (const records::SurveyedTable& table : survey_.tables()) {
    add_field(fmt::format("{}/{}", table.name(), table.index().name));
    for (const records::Column& column : table.columns()) {
      const std::string name = fmt::format("{}/{}", table.name(), column.name);
      if (column.axis.empty())
        add_field(name);
      else if (is_too_long(column))
        left_out_.push_back(name);
      else
        for (std::int64_t i = 0; i < column.length; ++i) add_field(fmt::format("{}[{}]", name, i));
    }
  }
  end_row();
}

void CsvExport::add_field(const std::string& text) {
  if (!is_first_) text_ += ',';
  text_ += quoted(text);
  is_first_ = false;
}

void CsvExport::end_row() {
  text_ += '\n';
  is_first_ = true;
  if (text_.size() < block) return;
  file_.write(text_);
  text_.clear();
}

void CsvExport::add_last_row(const records::SurveyedTable& table, const records::MetricTable* logged) {
  if (logged != nullptr && logged->rows() == 0) logged = nullptr;
  add_field(logged != nullptr ? fmt::format("{}", logged->index().back()) : "");
  for (const records::Column& column : table.columns()) {
    if (is_too_long(column)) continue;
    std::int64_t i = 0;
    if (logged != nullptr) {
      const auto own = std::ranges::find(logged->columns(), column.name, &records::Column::name);
      if (own != logged->columns().end() && own->length <= column.length) {
        const std::vector<double>& values = logged->values(static_cast<std::size_t>(own - logged->columns().begin()));
        const double* last = values.data() + values.size() - own->length;
        for (; i < own->length; ++i) add_field(text_of(last[i]));
      }
    }
    for (; i < column.length; ++i) add_field("");
  }
}

void CsvExport::add(const std::vector<records::MetricTable>& tables) {
  for (const records::RunFact& fact : facts_) add_field(text_of(fact.values[rows_]));
  for (const records::SurveyedTable& table : survey_.tables())
    add_last_row(table, records::find_table(tables, table.name()));
  ++rows_;
  end_row();
}

void CsvExport::keep() {
  file_.write(text_);
  text_.clear();
  file_.keep();
}

}  // namespace gradus::sweep

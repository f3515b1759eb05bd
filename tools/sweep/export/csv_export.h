// One row a run, as comma-separated values (RFC 4180, lines that end in LF, UTF-8).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/records/files.h"
#include "experiments/records/run_fact.h"
#include "experiments/records/table_survey.h"

namespace gradus::sweep {

// Facts, and the last row of each table: TABLE/COLUMN, of vectors TABLE/COLUMN[0] and so on. A field is empty where a
// run has no such value, and NaN where it logged that.
class CsvExport {
 public:
  // They outlive it. Throws records::SystemError, as do the others.
  CsvExport(const std::filesystem::path& target, const std::vector<records::RunFact>& facts,
            const records::Survey& survey);
  // Of each run, in their order.
  void add(const std::vector<records::MetricTable>& tables);
  void keep();
  // Columns whose vectors are too long for a row.
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  void add_field(const std::string& text);
  void add_last_row(const records::SurveyedTable& table, const records::MetricTable* logged);
  void end_row();

  const std::vector<records::RunFact>& facts_;
  const records::Survey& survey_;
  records::NewFile file_;
  std::vector<std::string> left_out_;
  std::string text_;
  bool is_first_ = true;  // of a row
  std::size_t rows_ = 0;
};

}  // namespace gradus::sweep

// JSON from outside, and what is read from it: a run's position, and what a table says of its columns.
#include <nlohmann/json.hpp>

#include "experiments/records/column.h"
#include "experiments/records/run_position.h"
#include "experiments/records/sealed.h"
#include "tests/fuzz/target.h"

using namespace gradus;
using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  json value;
  if (!fuzz::accepts<std::invalid_argument>("", [&] { value = records::parse_json(fuzz::text_of(data, size)); }))
    return 0;
  const std::string text = records::json_text(value);
  fuzz::require(text.find('\n') == text.npos, "JSON is text of one line");
  fuzz::require(records::json_text(records::parse_json(text)) == text, "JSON that is read again is the same");
  try {
    const json written = records::json_of(records::position_of(value));
    fuzz::require(records::json_of(records::position_of(written)) == written, "a position read again is the same");
  } catch (const json::exception&) {
  } catch (const std::invalid_argument&) {
  }
  try {
    const records::Column column = records::column_of(value);
    fuzz::require(records::column_of(records::json_of(column)) == column, "a column read again is the same");
  } catch (const json::exception&) {
  } catch (const std::invalid_argument&) {
  }
  return 0;
}

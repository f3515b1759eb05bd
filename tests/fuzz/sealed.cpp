// Sealed JSON.
#include "experiments/records/sealed.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/repair.h"
#include "tests/fuzz/reseal.h"
#include "tests/fuzz/target.h"

using namespace gradus;
using nlohmann::json;
using records::Damaged;
using records::OtherSchema;

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, fuzz::resealed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = fuzz::file_with(fuzz::text_of(data, size));
  fuzz::accepts<Damaged, OtherSchema>(path.string(), [&] {
    const int schema = records::read_current(path).at("schema").get<int>();
    fuzz::require(schema >= records::oldest_schema && schema <= records::schema_version, "a schema that is read");
  });
  json object;
  if (!fuzz::accepts<Damaged>(path.string(), [&] { object = records::read_sealed(path); })) return 0;
  fuzz::require(object.is_object() && !object.contains("seal"), "what is sealed is an object, without its seal");
  if (object.empty()) return 0;
  const std::filesystem::path again = fuzz::file_with(records::sealed_text(object), "again");
  fuzz::require(records::read_sealed(again) == object, "what is sealed again is the same");
  return 0;
}

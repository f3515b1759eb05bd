#include "experiments/records/sealed.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "experiments/records/files.h"

namespace gradus::records {
namespace {

using nlohmann::json;

constexpr std::size_t digits = 64;
constexpr std::size_t largest_file = 64 << 20;
constexpr int deepest = 64;
constexpr std::string_view opening = ",\n  \"seal\": \"";
constexpr std::string_view closing = "\"\n}\n";

std::string dumped(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::string seal_of(std::string text) {
  text.replace(text.size() - closing.size() - digits, digits, digits, '0');
  return sha256(text);
}

// Within its bounds: what is larger was not written by us.
std::string bounded_text(const std::filesystem::path& path) {
  try {
    return read_file(path, largest_file);
  } catch (const TooLarge& error) {
    throw Damaged(error.what());
  }
}

[[noreturn]] void refuse_schema(const std::filesystem::path& path, const json& schema) {
  throw OtherSchema(fmt::format("{}: schema {}, written by {} Gradus; expected {} to {}", path.string(),
                                json_text(schema), schema < oldest_schema ? "an earlier" : "a later", oldest_schema,
                                schema_version));
}

bool is_of_the_time_before_seals(const std::filesystem::path& path) {
  try {
    const json object = parse_json(bounded_text(path));
    return object.is_object() && !object.contains("seal") && object.contains("schema") && object["schema"] == 1;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

std::string sealed_text(const json& object) {
  if (!object.is_object() || object.empty() || object.contains("seal"))
    throw std::logic_error("sealed_text: expected an object with members, none of them named seal");
  std::string text = dumped(object, 2);
  text.erase(text.size() - 2);  // "\n}"
  text += fmt::format("{}{:0>{}}{}", opening, "", digits, closing);
  const std::string seal = seal_of(text);
  text.replace(text.size() - closing.size() - digits, digits, seal);
  return text;
}

json read_sealed(const std::filesystem::path& path) {
  const std::string text = bounded_text(path);
  const auto damaged = [&](std::string_view why) {
    return Damaged(fmt::format("{}: damaged: {}", path.string(), why));
  };
  const std::size_t tail = opening.size() + digits + closing.size();
  if (text.size() <= tail || !text.ends_with(closing) || text.compare(text.size() - tail, opening.size(), opening) != 0)
    throw damaged("it does not end with a seal");
  if (text.substr(text.size() - closing.size() - digits, digits) != seal_of(text))
    throw damaged("its seal does not hold");
  try {
    json object = parse_json(text);
    object.erase("seal");
    return object;
  } catch (const std::invalid_argument& error) {
    throw damaged(error.what());
  }
}

json read_current(const std::filesystem::path& path) {
  json object;
  try {
    object = read_sealed(path);
  } catch (const Damaged&) {
    if (is_of_the_time_before_seals(path)) refuse_schema(path, 1);
    throw;
  }
  const json schema = object.value("schema", json());
  if (schema.is_number_integer() && schema >= oldest_schema && schema <= schema_version) return object;
  if (schema.is_number_integer()) refuse_schema(path, schema);
  throw Damaged(fmt::format("{}: damaged: schema {}, expected {}", path.string(), json_text(schema), schema_version));
}

std::string json_text(const json& value) { return dumped(value, -1); }

std::string text_member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json parse_json(std::string_view text) {
  const auto bounded = [](int depth, json::parse_event_t, json&) {
    if (depth > deepest) throw std::invalid_argument(fmt::format("it is nested more than {} deep", deepest));
    return true;
  };
  try {
    return json::parse(text, bounded);
  } catch (const json::exception& error) {
    throw std::invalid_argument(one_line(fmt::format("it is not JSON: {}", error.what())));
  }
}

}  // namespace gradus::records

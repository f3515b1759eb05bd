#include "experiments/records/sealed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/files.h"

namespace gradus::records {
namespace {

using nlohmann::json;

constexpr std::size_t digits = 64;
constexpr int deepest = 64;
constexpr std::string_view opening = ",\n  \"seal\": \"";
constexpr std::string_view closing = "\"\n}\n";

// How deep its brackets are nested, as far as it is JSON: a parser that was asked to tell would take a time that is
// quadratic in the number of an object's members.
int nesting_of(std::string_view text) {
  int depth = 0, most = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (in_string && character == '\\') ++i;
    if (character == '"') in_string = !in_string;
    if (in_string) continue;
    if (character == '[' || character == '{') most = std::max(most, ++depth);
    if (character == ']' || character == '}') --depth;
  }
  return most;
}

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
    return read_file(path, largest_sealed_file);
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
  if (text.size() > largest_sealed_file)
    throw std::runtime_error(
        fmt::format("{} bytes to be written under one seal: expected at most {}", text.size(), largest_sealed_file));
  const std::string seal = seal_of(text);
  text.replace(text.size() - closing.size() - digits, digits, seal);
  return text;
}

std::string read_text_under_seal(const std::filesystem::path& path) {
  std::string text = bounded_text(path);
  const std::size_t tail = opening.size() + digits + closing.size();
  if (text.size() <= tail || !text.ends_with(closing) || text.compare(text.size() - tail, opening.size(), opening) != 0)
    throw Damaged(fmt::format("{}: damaged: it does not end with a seal", path.string()));
  if (text.substr(text.size() - closing.size() - digits, digits) != seal_of(text))
    throw Damaged(fmt::format("{}: damaged: its seal does not hold", path.string()));
  return text;
}

json read_sealed(const std::filesystem::path& path) {
  const std::string text = read_text_under_seal(path);
  try {
    json object = parse_json(text);
    object.erase("seal");
    return object;
  } catch (const std::invalid_argument& error) {
    throw Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
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

std::string seal_at_end(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  std::string end(digits + closing.size(), '\0');
  const auto length = static_cast<off_t>(end.size());
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_size < length ||
      ::pread(file.get(), end.data(), end.size(), status.st_size - length) != length || !end.ends_with(closing))
    return {};
  return end.substr(0, digits);
}

std::string json_text(const json& value) { return dumped(value, -1); }

std::string text_member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json parse_json(std::string_view text) {
  if (nesting_of(text) > deepest) throw std::invalid_argument(fmt::format("it is nested more than {} deep", deepest));
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    throw std::invalid_argument(one_line(fmt::format("it is not JSON: {}", error.what())));
  }
}

}  // namespace gradus::records

// What fuzz targets share. A target is a file with LLVMFuzzerTestOneInput (libFuzzer's name), which gives one input to
// a loader of ours. Whatever the input, the loader returns or refuses it: with an exception that its header promises
// and a message of one printable line that names the file. A target ends the process where it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gradus::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A file of this process's own, with these bytes.
std::filesystem::path file_with(std::string_view bytes, const std::string& name = "input");
// The folder of these files.
const std::filesystem::path& scratch();

// Ends the process, with a line that says what does not hold.
[[noreturn]] void fail(const std::string& what);
inline void require(bool holds, const std::string& what) {
  if (!holds) fail(what);
}
// One printable line that holds `name`.
void check_message(const std::string& message, const std::string& name);

// What the last input was refused with; empty if it was accepted. For the driver that replays a corpus.
std::string& refusal();

// Calls what reads a file of this name. True if that returns, false if it refuses with one of these exceptions.
template <class... Refusals, class Call>
bool accepts(const std::string& name, Call&& call) {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    const std::string message = error.what();
    if (!(... || (dynamic_cast<const Refusals*>(&error) != nullptr)))
      fail("an exception of another type than promised, " + std::string(typeid(error).name()) + ": " + message);
    check_message(message, name);
    refusal() = message;
    return false;
  }
}

}  // namespace gradus::fuzz

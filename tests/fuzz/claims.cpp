// A claim that another sweep has left on a run: the first line is the file's name, the rest what is in it.
#include "experiments/records/descriptor.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/shared_file.h"

using namespace gradus;
using records::SystemError;
using sweep::Claims;

namespace {

// As a folder can have it.
std::string name_in(std::string_view line) {
  const bool possible = !line.empty() && line.size() < 200 && !line.starts_with('.') &&
                        line.find_first_of(std::string_view("/\0", 2)) == line.npos;
  return possible ? std::string(line) : "1";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path output = fuzz::scratch() / "output";
  const std::string folder = std::string("output/") + sweep::claims_folder + "/run/";
  std::filesystem::remove_all(output);
  std::filesystem::create_directories(fuzz::scratch() / folder);
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  fuzz::file_with(text.substr(std::min(end + 1, text.size())), folder + name_in(text.substr(0, end)));

  fuzz::accepts<SystemError>(output.string(), [&] {
    const auto owners = Claims::owners(output);
    for (const auto& entry : owners) fuzz::check_message(entry.second.owner, "");
    const auto failures = Claims::failures(output);
    fuzz::require(owners.size() + failures.size() <= 1, "a run is worked on, or has failed");
    Claims claims(output, "");
    auto taken = claims.take("run");
    fuzz::require(!std::holds_alternative<sweep::Failure>(taken), "an earlier sweep's failure is tried again");
    if (const auto* busy = std::get_if<sweep::Busy>(&taken)) fuzz::check_message(fuzz::refusal() = busy->owner, "");
    if (auto* claim = std::get_if<sweep::Claim>(&taken)) {
      fuzz::require(owners.empty(), "what is taken was nobody's");
      claim->fail({3, "no memory"});
      fuzz::require(Claims::failures(output).at("run").code == 3, "how an attempt ended is read again");
    }
  });
  return 0;
}

// The messages of docs/external.md, whatever carries them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::lab {

class ExternalMessages {
 public:
  using Bytes = std::span<const std::byte>;
  // To and from the program: all of it, or std::runtime_error in words that follow its name.
  struct Carrier {
    std::function<void(Bytes)> send;
    std::function<void(std::span<std::byte>)> receive;
  };

  // The name begins every message about the program.
  ExternalMessages(std::string name, Carrier carrier) : name_(std::move(name)), carrier_(std::move(carrier)) {}

  // All throw std::runtime_error, in one line, where the program answers what it should not, or says what went wrong.
  // No memory is taken for an answer before it comes.
  //
  // The header is JSON. Returns whether the program saves its state.
  bool start(std::string_view header, Bytes theta);
  void step(double loss, Bytes theta, Bytes gradient, std::span<std::byte> next);
  std::vector<std::byte> save();
  void load(Bytes state);

  [[noreturn]] void fail(const std::string& what);  // what it did, after its name
  bool has_failed() const { return has_failed_; }
  const std::string& name() const { return name_; }

 private:
  void tell(std::string_view kind, std::initializer_list<Bytes> parts);
  void receive(std::span<std::byte> bytes);
  std::uint64_t answer_head(std::string_view expected);
  std::vector<std::byte> answer(std::string_view expected, std::uint64_t most);

  std::string name_;
  Carrier carrier_;
  bool has_failed_ = false;
};

}  // namespace gradus::lab

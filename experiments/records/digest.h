// SHA-256.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gradus::records {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(const void* data, std::size_t size);
  // Of what was added, in lower-case hexadecimal. Nothing is to be added afterwards.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256(std::string_view text);

}  // namespace gradus::records

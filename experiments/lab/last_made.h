// What several runs of a process have in common, such as those that a sweep asks about.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace gradus::lab {

// The value that was made last, which stays for as long as it is asked for by an equal key.
template <class Key, class Value>
class LastMade {
 public:
  template <class Make>
  std::shared_ptr<const Value> get(Key key, Make&& make) {
    const std::lock_guard lock(mutex_);
    if (!value_ || !(key_ == key)) {
      value_ = nullptr;  // not both at a time
      value_ = std::make_shared<const Value>(make());
      key_ = std::move(key);
    }
    return value_;
  }

 private:
  std::mutex mutex_;
  Key key_ = {};
  std::shared_ptr<const Value> value_;
};

}  // namespace gradus::lab

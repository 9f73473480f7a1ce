#pragma once

// Numbers in the stored formats: little endian, whatever the machine.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace c4a::disk {

template <class T>
void put_number(std::string& out, T number) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

template <class T>
T get_number(std::string_view bytes, std::size_t offset) {
  T number = 0;
  for (std::size_t i = sizeof(T); i-- > 0;)
    number = static_cast<T>(number << 8 | static_cast<unsigned char>(bytes[offset + i]));
  return number;
}

}  // namespace c4a::disk

#include "safetensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <set>

#include "choices.hpp"
#include "file_io.hpp"
#include "json.hpp"

namespace lstm_ref::safetensors {
namespace {

constexpr std::uint64_t kMaxHeader = 100000000;
constexpr std::size_t kMaxRank = 8;
constexpr const char* kMetadataName = "__metadata__";

template <class Unsigned>
Unsigned load_little_endian(const char* bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<Unsigned>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  return value;
}

template <class Unsigned>
void store_little_endian(Unsigned value, char* bytes) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<char>(value >> 8 * i & 0xff);
}

// Each stored in the size of Stored; if that is the smaller one, as the upper bits of Unsigned, an Element's pattern.
template <class Element, class Unsigned, class Stored = Unsigned>
std::vector<Element> read_elements(const TensorView& tensor) {
  static_assert(sizeof(Element) == sizeof(Unsigned));
  std::vector<Element> elements(static_cast<std::size_t>(element_count(tensor.shape)));
  const char* bytes = static_cast<const char*>(tensor.data);
  for (Element& element : elements) {
    const Unsigned bits = Unsigned{load_little_endian<Stored>(bytes)} << 8 * (sizeof(Unsigned) - sizeof(Stored));
    std::memcpy(&element, &bits, sizeof bits);
    bytes += sizeof(Stored);
  }
  return elements;
}

// Piece by piece: a copy of the whole might have no place beside it.
template <class Unsigned>
void write_elements(AtomicFile* file, const TensorView& tensor) {
  constexpr std::size_t kPiece = 1 << 16;
  const std::size_t size = sizeof(Unsigned) * static_cast<std::size_t>(element_count(tensor.shape));
  const char* const source = static_cast<const char*>(tensor.data);
  std::string piece;
  for (std::size_t first = 0; first < size; first += kPiece) {
    piece.resize(std::min(kPiece, size - first));
    for (std::size_t i = 0; i < piece.size(); i += sizeof(Unsigned)) {
      Unsigned bits;
      std::memcpy(&bits, source + first + i, sizeof bits);
      store_little_endian(bits, &piece[i]);
    }
    file->write(piece);
  }
}

// Check 1: the header's text.
std::string_view header_text(std::string_view bytes) {
  if (bytes.size() < 8) throw Error("file", std::to_string(bytes.size()) + " bytes", "at least 8 (the header length)");
  const auto length = load_little_endian<std::uint64_t>(bytes.data());
  const std::uint64_t limit = std::min<std::uint64_t>(bytes.size() - 8, kMaxHeader);
  if (length > limit) {
    throw Error("header", "length " + std::to_string(length), "at most " + std::to_string(limit) + " (bytes after the first 8)");
  }
  return bytes.substr(8, static_cast<std::size_t>(length));
}

// Check 2.
std::vector<json::Member> header_members(std::string_view text) {
  const auto header = json::Value::parse(text);
  if (!header || text.front() != '{') throw Error("header", "invalid JSON", "a JSON object");
  return header->members();
}

Metadata read_metadata(const json::Value& value) {
  const Error malformed(kMetadataName, "malformed", "an object of strings");
  if (value.kind() != json::Kind::object) throw malformed;
  Metadata metadata;
  std::set<std::string> keys;
  for (const auto& [key, text] : value.members()) {
    if (text.kind() != json::Kind::string || !keys.insert(key).second) throw malformed;
    metadata.emplace_back(key, text.string());
  }
  return metadata;
}

// An array of integers >= 0, or nothing.
std::optional<Shape> read_sizes(const json::Value* value) {
  if (!value || value->kind() != json::Kind::array) return std::nullopt;
  Shape sizes;
  for (const json::Value& element : value->elements()) {
    const auto size = element.integer();
    if (!size || *size < 0) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

// The size in bytes, or nothing when the product of the dimensions, zeros left out, is not below 2^63.
std::optional<std::int64_t> size_in_bytes(const Shape& shape, Dtype dtype) {
  std::int64_t size = named(dtype).size;
  for (const std::int64_t n : shape) {
    if (n == 0) continue;
    if (size > INT64_MAX / n) return std::nullopt;
    size *= n;
  }
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? size : 0;
}

struct Entry {
  Dtype dtype;
  Shape shape;
  std::int64_t begin, end;

  std::string offsets_text() const { return "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) + "]"; }
};

// The part of check 3 that concerns one tensor.
Entry read_entry(const std::string& name, const json::Value& value, std::int64_t data_size) {
  const Error malformed(name, "malformed entry", "dtype, shape and data_offsets");
  if (value.kind() != json::Kind::object) throw malformed;
  const auto members = value.members();
  const json::Value* dtype = json::find(members, "dtype");
  const auto shape = read_sizes(json::find(members, "shape")), offsets = read_sizes(json::find(members, "data_offsets"));
  if (members.size() != 3 || !dtype || dtype->kind() != json::Kind::string || !shape || shape->size() > kMaxRank || !offsets ||
      offsets->size() != 2)
    throw malformed;

  const std::string dtype_text = dtype->string();
  const auto known =
      std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const NamedDtype& one) { return one.in_files == dtype_text; });
  if (known == std::end(kDtypes)) throw Error(name, "dtype " + dtype_text, "BF16, F32, F64 or I64");
  const Entry entry{static_cast<Dtype>(known - kDtypes), *shape, (*offsets)[0], (*offsets)[1]};

  const auto size = size_in_bytes(entry.shape, entry.dtype);
  if (!size) throw Error(name, "shape " + shape_text(entry.shape), "a size in bytes below 2^63");
  if (entry.begin > entry.end || entry.end > data_size) {
    throw Error(name, entry.offsets_text(), "0 <= begin <= end <= " + std::to_string(data_size));
  }
  if (entry.end - entry.begin != *size) {
    throw Error(name, entry.offsets_text(),
                std::to_string(*size) + " bytes for shape " + shape_text(entry.shape) + " of " + dtype_text);
  }
  return entry;
}

// Check 4.
void check_layout(const std::vector<std::pair<std::string, Entry>>& entries, std::int64_t data_size) {
  std::vector<const std::pair<std::string, Entry>*> sorted;
  for (const auto& entry : entries) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::int64_t end = 0;
  for (const auto* item : sorted) {
    const auto& [name, entry] = *item;
    if (entry.begin != end) throw Error(name, entry.offsets_text(), "begin = " + std::to_string(end) + " (no gap, no overlap)");
    end = entry.end;
  }
  if (end != data_size) throw Error("file", std::to_string(data_size - end) + " bytes after the last tensor", "0");
}

}  // namespace

Container parse(std::string_view bytes) {
  const std::string_view text = header_text(bytes);
  const std::string_view data = bytes.substr(8 + text.size());
  const auto data_size = static_cast<std::int64_t>(data.size());

  Container container;
  std::set<std::string> names;
  std::vector<std::pair<std::string, Entry>> entries;
  for (const auto& [name, value] : header_members(text)) {  // check 3
    const bool is_metadata = name == kMetadataName;
    if (!names.insert(name).second) throw Error(name, is_metadata ? "duplicate key" : "duplicate tensor", "one");
    if (is_metadata)
      container.metadata = read_metadata(value);
    else
      entries.emplace_back(name, read_entry(name, value, data_size));
  }
  check_layout(entries, data_size);

  for (auto& [name, entry] : entries) {
    container.tensors.push_back({name, entry.dtype, std::move(entry.shape), data.data() + entry.begin});
  }
  return container;
}

std::int64_t element_count(const Shape& shape) {
  std::uint64_t count = 1;  // unsigned: a caller's senseless shape wraps around
  for (const std::int64_t n : shape) count *= static_cast<std::uint64_t>(n);
  return static_cast<std::int64_t>(count);
}

template <>
std::vector<float> read_reals(const TensorView& tensor) {
  return tensor.dtype == Dtype::kBfloat16 ? read_elements<float, std::uint32_t, std::uint16_t>(tensor)
                                          : read_elements<float, std::uint32_t>(tensor);
}
template <>
std::vector<double> read_reals(const TensorView& tensor) {
  return read_elements<double, std::uint64_t>(tensor);
}
std::vector<std::int64_t> read_integers(const TensorView& tensor) { return read_elements<std::int64_t, std::uint64_t>(tensor); }

void write(const std::string& path, const Metadata& metadata, const std::vector<TensorView>& tensors) {
  std::string header = "{", separator;
  const auto append = [&](const std::string& key, const std::string& value) {
    header += separator + json::quote(key) + ':' + value;
    separator = ",";
  };
  if (!metadata.empty()) {
    std::string members;
    for (const auto& [key, text] : metadata) members += (members.empty() ? "" : ",") + json::quote(key) + ':' + json::quote(text);
    append(kMetadataName, '{' + members + '}');
  }
  std::int64_t end = 0;
  for (const TensorView& tensor : tensors) {
    std::string dimensions;
    for (const std::int64_t n : tensor.shape) dimensions += (dimensions.empty() ? "" : ",") + std::to_string(n);
    const std::int64_t begin = std::exchange(end, end + named(tensor.dtype).size * element_count(tensor.shape));
    append(tensor.name, std::string("{\"dtype\":\"") + named(tensor.dtype).in_files + "\",\"shape\":[" + dimensions +
                            "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(end) + "]}");
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the data are aligned

  AtomicFile file(path);
  char length[8];
  store_little_endian<std::uint64_t>(header.size(), length);
  file.write({length, sizeof length});
  file.write(header);
  for (const TensorView& tensor : tensors) {
    const int size = named(tensor.dtype).size;
    if (size == 2) write_elements<std::uint16_t>(&file, tensor);
    if (size == 4) write_elements<std::uint32_t>(&file, tensor);
    if (size == 8) write_elements<std::uint64_t>(&file, tensor);
  }
  file.commit();
}

}  // namespace lstm_ref::safetensors

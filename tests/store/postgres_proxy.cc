#include "store/postgres_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace fairpull {
namespace {

sockaddr_un AddressIn(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/.s.PGSQL.5432";
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

bool SendAll(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

PostgresProxy::PostgresProxy(std::string target_folder)
    : target_folder_(std::move(target_folder)) {
  const sockaddr_un address = AddressIn(folder_.path());
  listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
           sizeof address) != 0 ||
      listen(listener_, 100) != 0) {
    throw std::runtime_error("the proxy can't listen");
  }
  acceptor_ = std::thread([this] { Accept(); });
}

PostgresProxy::~PostgresProxy() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (std::thread& connection : connections_) connection.join();
}

void PostgresProxy::Accept() {
  while (true) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    connections_.emplace_back([this, client] { Serve(client); });
  }
}

void PostgresProxy::Serve(int client) {
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address = AddressIn(target_folder_);
  bool open = connect(server, reinterpret_cast<const sockaddr*>(&address),
                      sizeof address) == 0;
  std::array<char, 65536> bytes;
  while (open) {
    std::array<pollfd, 2> ends = {pollfd{.fd = client, .events = POLLIN},
                                  pollfd{.fd = server, .events = POLLIN}};
    poll(ends.data(), ends.size(), -1);
    for (const pollfd& end : ends) {
      if (!open || end.revents == 0) continue;
      const ssize_t size = recv(end.fd, bytes.data(), bytes.size(), 0);
      open = size > 0;
      if (!open) break;
      const Cut cut = end.fd == client ? cut_.exchange(Cut::kNone) : Cut::kNone;
      open = cut == Cut::kNone;
      if (cut == Cut::kBeforeRequest) break;
      if (!SendAll(end.fd == client ? server : client, bytes.data(),
                   static_cast<std::size_t>(size))) {
        open = false;
      }
    }
  }
  close(client);
  // The server carries out what it has got before it sees that nobody is left.
  shutdown(server, SHUT_WR);
  while (recv(server, bytes.data(), bytes.size(), 0) > 0) {
  }
  close(server);
}

}  // namespace fairpull

package redistest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports of servers, and of the cluster buses that stand 10,000 above them
// (redis.conf, cluster-port), are below those that a kernel gives to clients
// and to whoever listens on port 0 (Linux: net.ipv4.ip_local_port_range,
// 32768 and up). So nobody takes a server's port before it starts or while it
// is dead.
const (
	firstPort = 12000
	lastPort  = 21999
)

// reservation keeps a port from other processes that reserve, for as long as
// it is referred to (Go closes it then), by the UDP port of the same number,
// for which redis-server has no use.
type reservation struct {
	port int
	udp  net.PacketConn
}

func reserve() (*reservation, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		udp, err := net.ListenPacket("udp", address)
		if err != nil {
			continue
		}
		tcp, err := net.Listen("tcp", address)
		if err != nil { // somebody listens who does not reserve
			udp.Close()
			continue
		}
		tcp.Close()
		return &reservation{port, udp}, nil
	}
	return nil, errors.New("no port is free for a redis-server")
}

package config

import (
	"crypto/tls"

	"github.com/redis/go-redis/v9"
)

// Redis says where Redis is. redis.url, redis.sentinel and redis.cluster are
// three ways to write it.
type Redis struct {
	Addrs   []string // host:port of the one node, of the Sentinels where Master is set, of some nodes where Cluster is
	Master  string   // the name by which Sentinels know the master
	Cluster bool
	DB      int // always 0 in a cluster
	TLS     bool

	// WaitReplicas is how many replicas must have the record of a step before
	// it is sent to Syncro: 0 with a url, 1 with Sentinels or a cluster, where
	// nothing else is written.
	WaitReplicas int

	Username         string
	Password         Secret
	SentinelUsername string
	SentinelPassword Secret
}

// Options is what redis.NewUniversalClient takes; set time-outs and pool
// sizes in it before use.
func (r Redis) Options() *redis.UniversalOptions {
	o := &redis.UniversalOptions{
		Addrs:            r.Addrs,
		MasterName:       r.Master,
		IsClusterMode:    r.Cluster,
		DB:               r.DB,
		Username:         r.Username,
		Password:         r.Password.Reveal(),
		SentinelUsername: r.SentinelUsername,
		SentinelPassword: r.SentinelPassword.Reveal(),
	}
	if r.TLS {
		// Without a ServerName crypto/tls checks the name that was dialled,
		// which is right for every node.
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}

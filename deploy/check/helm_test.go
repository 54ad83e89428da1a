package check

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	yamlutil "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const chartDir = "../helm/syncrobot"

// values are ways in which somebody may use the chart.
var values = map[string]string{
	"redis by url":   `{redis: {url: "rediss://:${REDIS_PASSWORD}@redis.example.com:6379/0"}}`,
	"redis sentinel": `{redis: {sentinel: {master: mymaster, addrs: ["a:26379", "b:26379", "c:26379"]}}}`,
	"redis cluster":  `{redis: {cluster: {addrs: ["a:6379", "b:6379"]}}}`,
	"all there is": `
redis: {bundled: {enabled: true, storageClassName: fast}}
replicas: 3
imagePullSecrets: [{name: registry}]
vault: {claim: vault}
sessionLogs: {claim: logs}
ingress: {enabled: true, className: nginx, annotations: {a: b}}
serviceAccount: {annotations: {a: b}}
networkPolicy:
  ingressFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
nodeSelector: {a: b}
tolerations: [{key: a, operator: Exists}]
affinity: {nodeAffinity: {}}
`,
	"as little as can be": `
redis: {url: "redis://redis:6379/0"}
replicas: 1
envSecret: ""
ageSecret: ""
config: {slack: {signing_secret: aaaaaaaa, bot_token: xoxb-1}}
networkPolicy: {enabled: false}
`,
}

func TestChartLints(t *testing.T) {
	for name, text := range values {
		t.Run(name, func(t *testing.T) {
			result := lint.AllWithKubeVersion(chartDir, parse(t, text), "default", nil)
			for _, m := range result.Messages {
				// An icon is for catalogues of charts.
				if m.Severity >= support.WarningSev && !strings.Contains(m.Err.Error(), "icon is recommended") {
					t.Errorf("%s: %v", m.Path, m.Err)
				}
			}
		})
	}
}

// TestChartRendersWhatKubernetesKnows decodes everything strictly: a field that
// Kubernetes or Prometheus Operator does not have, or a value of the wrong
// type, fails.
func TestChartRendersWhatKubernetesKnows(t *testing.T) {
	for name, text := range values {
		t.Run(name, func(t *testing.T) {
			for _, o := range objects(t, text) {
				switch o := o.(type) {
				case *apps.Deployment:
					hardened(t, o.Spec.Template.Spec)
				case *apps.StatefulSet:
					hardened(t, o.Spec.Template.Spec)
				case *core.Service, *core.ServiceAccount, *core.ConfigMap, *networking.Ingress, *networking.NetworkPolicy,
					*policy.PodDisruptionBudget, *monitoring.ServiceMonitor, *monitoring.PrometheusRule:
				default:
					t.Errorf("%T is nothing that the chart should make", o)
				}
			}
		})
	}
}

// hardened is what every pod of the chart must be.
func hardened(t *testing.T, pod core.PodSpec) {
	t.Helper()
	if s := pod.SecurityContext; s == nil || !*s.RunAsNonRoot || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Error("the pod may run as root, or without a seccomp profile")
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod is handed a token for Kubernetes")
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Contains(s.Capabilities.Drop, "ALL") {
			t.Errorf("container %s is not hardened: %+v", c.Name, s)
		}
		if c.Resources.Limits.Memory().IsZero() || c.ReadinessProbe == nil {
			t.Errorf("container %s has no bound of memory or no probe", c.Name)
		}
		if strings.HasSuffix(c.Image, ":latest") || !strings.Contains(c.Image, ":") {
			t.Errorf("image %s is not pinned", c.Image)
		}
	}
}

// TestChartsConfigIsOneThatTheBotTakes hands the rendered bot.yaml to the bot.
func TestChartsConfigIsOneThatTheBotTakes(t *testing.T) {
	bot := filepath.Join(t.TempDir(), "bot")
	build := exec.Command("go", "build", "-o", bot, "./cmd/bot")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, text := range values {
		t.Run(name, func(t *testing.T) {
			found := false
			for _, o := range objects(t, text) {
				m, ok := o.(*core.ConfigMap)
				if !ok {
					continue
				}
				found = true
				path := filepath.Join(t.TempDir(), "bot.yaml")
				if err := os.WriteFile(path, []byte(m.Data["bot.yaml"]), 0o600); err != nil {
					t.Fatal(err)
				}
				check := exec.Command(bot, "config", "check", "--config", path)
				check.Env = append(os.Environ(), "SLACK_SIGNING_SECRET=aaaaaaaa", "SLACK_BOT_TOKEN=xoxb-1", "REDIS_PASSWORD=p")
				if out, err := check.CombinedOutput(); err != nil {
					t.Errorf("%v: %s\n%s", err, out, m.Data["bot.yaml"])
				}
			}
			if !found {
				t.Error("no bot.yaml was rendered")
			}
		})
	}
}

func TestChartRefuses(t *testing.T) {
	for name, c := range map[string]struct{ values, want string }{
		"no Redis":        {`{}`, "exactly one of redis.url"},
		"two Redis":       {`{redis: {url: "redis://a:1/0", bundled: {enabled: true}}}`, "exactly one of redis.url"},
		"the tag latest":  {`{image: {tag: latest}, redis: {url: "redis://a:1/0"}}`, "/image/tag"},
		"an unknown key":  {`{replica: 2, redis: {url: "redis://a:1/0"}}`, "replica"},
		"no vault":        {`{vault: {secret: ""}, redis: {url: "redis://a:1/0"}}`, "vault.secret"},
		"redis in config": {`{config: {redis: {url: "redis://a:1/0"}}, redis: {url: "redis://a:1/0"}}`, "config"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(c.values)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

// render is what the chart makes of values: file by file.
func render(text string) (map[string]string, error) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		return nil, err
	}
	var given map[string]any
	if err := yaml.Unmarshal([]byte(text), &given); err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: "desk", Namespace: "default", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, all)
}

// objects are the Kubernetes objects that the chart makes of values.
func objects(t *testing.T, text string) []runtime.Object {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, monitoring.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, known, known, json.SerializerOptions{Yaml: true, Strict: true})
	files, err := render(text)
	if err != nil {
		t.Fatal(err)
	}
	var all []runtime.Object
	for name, file := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		docs := yamlutil.NewDocumentDecoder(io.NopCloser(strings.NewReader(file)))
		for buf := make([]byte, 1<<20); ; {
			n, err := docs.Read(buf)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(uncommented(buf[:n]))) == 0 {
				continue
			}
			o, _, err := strict.Decode(buf[:n], nil, nil)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, buf[:n])
				continue
			}
			all = append(all, o)
		}
	}
	return all
}

func uncommented(doc []byte) []byte {
	return slices.Concat(slices.DeleteFunc(bytes.SplitAfter(doc, []byte("\n")), func(l []byte) bool {
		return bytes.HasPrefix(l, []byte("#")) || bytes.HasPrefix(l, []byte("---"))
	})...)
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return v
}

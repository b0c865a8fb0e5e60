// Command fields prints what the Go types of the Kubernetes API know about JSON and protobuf: one
// line a kind (`kind v1/Pod core/v1.Pod`), one line a struct (`core/v1.Pod metadata:1:meta/v1.ObjectMeta …`).
// `go run ./fields >../../orchestrator/replay/fields.txt` after a new version of Kubernetes.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// What the replay cluster serves.
var served = strings.Fields(`v1 admissionregistration.k8s.io/v1 apiextensions.k8s.io/v1 apiregistration.k8s.io/v1 apps/v1
	authentication.k8s.io/v1 authorization.k8s.io/v1 autoscaling/v1 autoscaling/v2 batch/v1 coordination.k8s.io/v1
	discovery.k8s.io/v1 events.k8s.io/v1 networking.k8s.io/v1 node.k8s.io/v1 policy/v1 rbac.authorization.k8s.io/v1
	resource.k8s.io/v1 scheduling.k8s.io/v1 storage.k8s.io/v1`)

// Types with a JSON form of their own.
var special = map[reflect.Type]string{
	reflect.TypeFor[meta.Time]():          "Time",
	reflect.TypeFor[meta.MicroTime]():     "MicroTime",
	reflect.TypeFor[resource.Quantity]():  "Quantity",
	reflect.TypeFor[intstr.IntOrString](): "IntOrString",
}

var (
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	lines       = map[string]string{}
)

func main() {
	types := scheme.Scheme
	apiextensions.AddToScheme(types)
	apiregistration.AddToScheme(types)
	var kinds []string
	for gvk, kind := range types.AllKnownTypes() {
		_, isObject := kind.FieldByName("ObjectMeta")
		name := gvk.GroupVersion().String()
		if (isObject || name == "v1" && gvk.Kind == "DeleteOptions") && slices.Contains(served, name) {
			kinds = append(kinds, fmt.Sprintf("kind %s/%s %s", name, gvk.Kind, describe(kind)))
		}
	}
	for message, fields := range lines {
		kinds = append(kinds, message+fields)
	}
	slices.Sort(kinds)
	for _, line := range kinds {
		fmt.Println(line)
	}
}

// describe names a type, and notes its fields on the way.
func describe(t reflect.Type) string {
	if name, ok := special[t]; ok {
		return name
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return "*" + describe(t.Elem())
	case reflect.PointerTo(t).Implements(unmarshaler):
		return "any"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return "bytes"
	case t.Kind() == reflect.Slice:
		return "[]" + describe(t.Elem())
	case t.Kind() == reflect.Map:
		return "{}" + describe(t.Elem())
	case t.Kind() == reflect.Struct:
		note(t)
		return title(t)
	}
	return t.Kind().String()
}

func title(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
}

// note writes down a struct; a field without a name is part of the JSON object around it.
func note(t reflect.Type) {
	if _, known := lines[title(t)]; known {
		return
	}
	lines[title(t)] = ""
	var line strings.Builder
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Type == reflect.TypeFor[meta.TypeMeta]() {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		number := "0"
		if tag := strings.Split(field.Tag.Get("protobuf"), ","); len(tag) > 1 {
			number = tag[1]
		}
		if name != "-" {
			fmt.Fprintf(&line, " %s:%s:%s", name, number, describe(field.Type))
		}
	}
	lines[title(t)] = line.String()
}

// The two shaders that draw the cells, and how they become a programme.

const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 place;   // 0..1, from uint16
layout(location = 1) in uint code;    // what the cell is coloured by
layout(location = 2) in uint mark;    // 1 where selected
uniform vec4 view;                    // scale x, y and shift x, y from place to clip space
uniform float size;                   // of a point, in pixels of the canvas
uniform float opacity;
uniform bool selecting;
uniform int walked;                   // the group that is looked at alone, or -1
uniform int layer;                    // 0: all; with such a group 1: the others, 2: the group itself, over them
uniform vec3 dimmed;
uniform sampler2D palette;
out vec4 colour;
out float radius;

void main() {
  vec4 found = texelFetch(palette, ivec2(int(code), 0), 0);
  bool mine = walked < 0 || int(code) == walked;
  bool shown = found.a > 0.0 && (layer == 0 || (layer == 2) == mine);
  bool front = mine && !(selecting && mark == 0u);
  bool missing = code == 255u;
  float points = size * (front ? (selecting || walked >= 0 ? 1.15 : 1.0) : 0.85) * (missing ? 0.85 : 1.0);
  points = max(points, 1.0);
  gl_Position = shown ? vec4(place * view.xy + view.zw, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = points;
  radius = 0.5 * points;
  // What is not selected keeps a breath of its colour, so that one still knows where one is.
  vec3 paint = front ? found.rgb : mix(dimmed, found.rgb, 0.1);
  colour = vec4(paint, front ? max(opacity, selecting ? 0.8 : 0.0) : opacity * 0.6);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
in float radius;
out vec4 paint;

void main() {
  float alpha = colour.a;
  // A point of one or two pixels is a square; a larger one is a disc with a soft edge.
  if (radius > 1.2) {
    float far = length(gl_PointCoord - 0.5) * 2.0 * radius;
    alpha *= clamp(radius - far + 0.5, 0.0, 1.0);
    if (alpha <= 0.003) discard;
  }
  paint = vec4(colour.rgb * alpha, alpha);
}`;

const UNIFORMS = ["view", "size", "opacity", "selecting", "walked", "layer", "dimmed", "palette"];

/** @returns {{programme: WebGLProgram, at: Object<string, WebGLUniformLocation>}} */
export function programmeOf(gl) {
  const programme = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(programme, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(programme);
  if (!gl.getProgramParameter(programme, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`The map's shaders do not link: ${gl.getProgramInfoLog(programme)}`);
  }
  return { programme, at: Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(programme, name)])) };
}
